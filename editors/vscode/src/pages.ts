//! What commands answer at once, as Markdown to read.

import * as vscode from 'vscode';

interface Preview {
  prompt: string;
  tokens: number;
}

interface Report {
  version: string;
  checks: { name: string; state: string; told: string }[];
  configuration: { settings: { key: string; value: unknown; origin: Origin }[] };
}

interface Origin {
  layer: string;
  path?: string;
  line?: number;
  name?: string;
}

const SCHEME = 'gloss-page';

/** Text to read: nothing that could be saved, so that closing it asks nothing. */
export class Pages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  // Before the registration, which looks for it then and not again.
  readonly onDidChange = this.changes.event;
  private readonly registrations = [
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.texts.delete(uri.toString())),
  ];

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  /** Shows a page, in place of the one of this name. */
  async show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.texts.set(uri.toString(), text);
    this.changes.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  }

  preview({ prompt, tokens }: Preview): Promise<void> {
    return this.show('What Would Be Sent.md', `${prompt}\n\n(about ${tokens} tokens)\n`);
  }

  /** What was looked at, and which settings are not the built-in ones. */
  doctor({ version, checks, configuration }: Report): Promise<void> {
    const looked = checks.map(({ name, state, told }) => `- ${state === 'ok' ? '✓' : '✗'} **${name}**: ${told}`);
    const set = configuration.settings
      .filter(({ origin }) => origin.layer !== 'built-in')
      .map(({ key, value, origin }) => `- \`${key}\` is \`${JSON.stringify(value)}\`, from ${place(origin)}`);
    const settings = [...set, '- All other settings are the built-in ones.'];
    return this.show('Doctor.md', [`# Gloss ${version}`, '', ...looked, '', '## Settings', '', ...settings, ''].join('\n'));
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations, this.changes).dispose();
  }
}

function place({ layer, path, line, name }: Origin): string {
  return [layer, path && (line ? `${path}:${line}` : path), name].filter(Boolean).join(', ');
}
