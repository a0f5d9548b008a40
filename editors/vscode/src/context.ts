//! What the editor's other language servers know of the names in a range, when Gloss asks.

import * as vscode from 'vscode';
import type { Range } from 'vscode-languageclient/node';

/** How long they may take together, in milliseconds; Gloss waits a second. */
const PATIENCE = 800;
/** How many names are looked up. */
const MOST = 20;
/** How many lines are told of a definition whose end is not known. */
const LINES = 15;

interface Told {
  uri: string;
  range: vscode.Range;
  text: string;
}

interface Known {
  definitions: Told[];
  types: Told[];
  references: Told[];
}

const ASKED: [keyof Known, string][] = [
  ['definitions', 'vscode.executeDefinitionProvider'],
  ['types', 'vscode.executeTypeDefinitionProvider'],
  ['references', 'vscode.executeReferenceProvider'],
];

export async function known({ uri, range }: { uri: string; range: Range }): Promise<Known> {
  const known: Known = { definitions: [], types: [], references: [] };
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === vscode.Uri.parse(uri).toString());
  if (!document) {
    return known;
  }
  const seen = new Set<string>();
  const asked = names(document, range).flatMap((position, index) =>
    ASKED
      // Who uses it is asked of the first name alone, which mostly is what the range defines.
      .filter(([list]) => list !== 'references' || index === 0)
      .map(async ([list, command]) => {
        const places = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
          command,
          document.uri,
          position,
        );
        for (const place of places ?? []) {
          const told = await tell(place, list !== 'references');
          const key = `${list} ${told?.uri} ${told?.range.start.line}`;
          if (told && !seen.has(key)) {
            seen.add(key);
            known[list].push(told);
          }
        }
      }),
  );
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  await Promise.race([Promise.allSettled(asked), late]);
  return known;
}

/** Where each name stands for the first time. */
function names(document: vscode.TextDocument, range: Range): vscode.Position[] {
  const found = new Map<string, vscode.Position>();
  for (let line = range.start.line; line <= Math.min(range.end.line, document.lineCount - 1); line += 1) {
    for (const match of document.lineAt(line).text.matchAll(/[\p{L}_][\p{L}\p{N}_]+/gu)) {
      if (!found.has(match[0]) && found.size < MOST) {
        found.set(match[0], new vscode.Position(line, match.index));
      }
    }
  }
  return [...found.values()];
}

async function tell(place: vscode.Location | vscode.LocationLink, whole: boolean): Promise<Told | undefined> {
  const uri = 'targetUri' in place ? place.targetUri : place.uri;
  const range = 'targetUri' in place ? place.targetRange : place.range;
  if (uri.scheme !== 'file') {
    return undefined;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  const ends = range.end.line > range.start.line;
  let last = whole && !ends ? range.start.line + LINES : range.end.line;
  for (let line = range.start.line + 1; !ends && line <= last && line < document.lineCount; line += 1) {
    if (document.lineAt(line).isEmptyOrWhitespace) {
      last = line - 1;
    }
  }
  const text = document.getText(new vscode.Range(range.start.line, 0, last + 1, 0));
  return { uri: uri.toString(), range, text };
}
