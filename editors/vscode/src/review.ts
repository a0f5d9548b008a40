//! Edits as a diff: to accept, to refine, or to discard.

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { Result } from './protocol';

export const SCHEME = 'gloss-proposed';

interface Proposal {
  document: vscode.TextDocument;
  version: number;
  edits: vscode.TextEdit[];
  text: string;
  refine: (wish: string, proposed: string) => Promise<void>;
}

export class Review implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly proposals = new Map<string, Proposal>();
  private readonly registrations: vscode.Disposable[];
  private count = 0;

  constructor(private readonly client: LanguageClient) {
    this.registrations = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument((closed) => this.proposals.delete(closed.uri.toString())),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.proposals.get(uri.toString())?.text ?? '';
  }

  /** Shows what an edit would make of its document, beside the document as it is. */
  async open(title: string, document: vscode.TextDocument, result: Result, refine: Proposal['refine']): Promise<void> {
    const edit = await this.client.protocol2CodeConverter.asWorkspaceEdit(result.edit);
    const edits = edit?.get(document.uri) ?? [];
    this.count += 1;
    const uri = document.uri.with({ scheme: SCHEME, query: String(this.count) });
    const { version } = document;
    this.proposals.set(uri.toString(), { document, version, edits, text: edited(document, edits), refine });
    const options: vscode.TextDocumentShowOptions = { preview: true };
    await vscode.commands.executeCommand('vscode.diff', document.uri, uri, `Gloss: ${title}`, options);
    const chosen = await vscode.window.showInformationMessage(
      result.summary ?? title,
      'Accept',
      'Refine…',
      'Discard',
    );
    if (chosen === 'Accept') {
      await this.accept(uri);
    } else if (chosen === 'Refine…') {
      await this.refine(uri);
    } else if (chosen === 'Discard') {
      await this.discard(uri);
    }
  }

  async accept(uri: vscode.Uri): Promise<void> {
    const proposal = this.proposals.get(uri.toString());
    if (!proposal) {
      return;
    }
    if (proposal.document.version !== proposal.version) {
      void vscode.window.showWarningMessage('Gloss: the text has changed meanwhile. Refine to ask again, or discard.');
      return;
    }
    const edit = new vscode.WorkspaceEdit();
    edit.set(proposal.document.uri, proposal.edits);
    if (await vscode.workspace.applyEdit(edit)) {
      await this.discard(uri);
      await vscode.window.showTextDocument(proposal.document);
    } else {
      void vscode.window.showErrorMessage('Gloss: the editor refused the edit. See whether the file can be edited.');
    }
  }

  async refine(uri: vscode.Uri): Promise<void> {
    const proposal = this.proposals.get(uri.toString());
    const wish = proposal && (await vscode.window.showInputBox({ prompt: 'What should be different?' }));
    if (wish?.trim()) {
      await this.discard(uri);
      await proposal?.refine(wish.trim(), proposed(proposal));
    }
  }

  async discard(uri: vscode.Uri): Promise<void> {
    this.proposals.delete(uri.toString());
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const own = tabs.filter(
      ({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.toString() === uri.toString(),
    );
    await vscode.window.tabGroups.close(own);
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }
}

/** The text that edits make of a document. */
function edited(document: vscode.TextDocument, edits: readonly vscode.TextEdit[]): string {
  const backwards = [...edits].sort((a, b) => b.range.start.compareTo(a.range.start));
  return backwards.reduce((text, edit) => {
    const [start, end] = [document.offsetAt(edit.range.start), document.offsetAt(edit.range.end)];
    return text.slice(0, start) + edit.newText + text.slice(end);
  }, document.getText());
}

/** The lines of a proposal from the first that differs to the last, as an answer in a conversation. */
function proposed({ document, text }: Proposal): string {
  const [before, after] = [document.getText().split('\n'), text.split('\n')];
  let first = 0;
  while (first < after.length && before[first] === after[first]) {
    first += 1;
  }
  let last = 0;
  while (last < after.length - first && before.at(-1 - last) === after.at(-1 - last)) {
    last += 1;
  }
  return `\`\`\`\n${after.slice(first, after.length - last).join('\n')}\n\`\`\``;
}
