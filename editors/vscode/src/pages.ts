//! What commands answer at once, as Markdown to read.

import * as vscode from 'vscode';

export interface Preview {
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

export function preview({ prompt, tokens }: Preview): Promise<void> {
  return page(`${prompt}\n\n(about ${tokens} tokens)\n`);
}

/** What was looked at, and which settings are not the built-in ones. */
export function doctor({ version, checks, configuration }: Report): Promise<void> {
  const looked = checks.map(({ name, state, told }) => `- ${state === 'ok' ? '✓' : '✗'} **${name}**: ${told}`);
  const set = configuration.settings
    .filter(({ origin }) => origin.layer !== 'built-in')
    .map(({ key, value, origin }) => `- \`${key}\` is \`${JSON.stringify(value)}\`, from ${place(origin)}`);
  const settings = set.length > 0 ? set : ['All settings are the built-in ones.'];
  return page([`# Gloss ${version}`, '', ...looked, '', '## Settings', '', ...settings, ''].join('\n'));
}

function place({ layer, path, line, name }: Origin): string {
  return [layer, path && (line ? `${path}:${line}` : path), name].filter(Boolean).join(', ');
}

/** Text to read, in an editor of its own. */
export async function page(content: string, language = 'markdown'): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language, content }));
}
