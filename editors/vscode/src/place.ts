//! What a command is about, where its caller did not say: the active editor, its selection, the problems there.

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { Argument } from './protocol';

/** Commands about a whole file. */
const OF_A_FILE = ['gloss.explainFile', 'gloss.writeAllAltText'];

/** The argument with what is missing in it, from the active editor; nothing where none is open. */
export function filled(client: LanguageClient, command: string, given: Argument | undefined): Argument | undefined {
  if (given?.uri) {
    return given;
  }
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    void vscode.window.showInformationMessage('Gloss: open a file first.');
    return undefined;
  }
  const convert = client.code2ProtocolConverter;
  const uri = convert.asUri(editor.document.uri);
  if (OF_A_FILE.includes(command)) {
    return { ...given, uri };
  }
  const argument: Argument = { ...given, uri, range: convert.asRange(editor.selection) };
  if (command !== 'gloss.fix') {
    return argument;
  }
  const problems = vscode.languages.getDiagnostics(editor.document.uri);
  const lines = new vscode.Range(editor.selection.start.line, 0, editor.selection.end.line, Number.MAX_SAFE_INTEGER);
  const here = problems.filter((problem) => problem.source !== 'gloss' && problem.range.intersection(lines));
  if (here.length === 0) {
    void vscode.window.showInformationMessage('Gloss: no problem is reported here.');
    return undefined;
  }
  return { ...argument, diagnostics: here.map((problem) => convert.asDiagnostic(problem)) };
}
