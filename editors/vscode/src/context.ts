//! What the editor's other language servers know of the names in a range, when Gloss asks.

import * as vscode from 'vscode';
import type { Range } from 'vscode-languageclient/node';

/** How long they may take together, in milliseconds; Gloss waits a second. */
const PATIENCE = 800;
/** How many names are looked up. */
const MOST = 20;
/** How many places are told of one. */
const MOST_PLACES = 20;
/** How many lines are told of a definition whose end is not known. */
const LINES = 15;

interface Told {
  uri: string;
  range: Range;
  text: string;
}

interface Known {
  definitions: Told[];
  types: Told[];
  references: Told[];
}

type Place = vscode.Location | vscode.LocationLink;
type Named = vscode.SymbolInformation | vscode.DocumentSymbol;

export async function known({ uri, range: { start, end } }: { uri: string; range: Range }): Promise<Known> {
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === vscode.Uri.parse(uri).toString());
  if (!document) {
    return { definitions: [], types: [], references: [] };
  }
  const range = document.validateRange(new vscode.Range(start.line, start.character, end.line, end.character));
  const spots = names(document, range);
  const each = (command: string) => spots.map((spot) => told(command, document, spot, true));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const [definitions, types, references] = await Promise.all([
    inTime(late, each('vscode.executeDefinitionProvider')),
    inTime(late, each('vscode.executeTypeDefinitionProvider')),
    inTime(late, [uses(document, range)]),
  ]);
  return { definitions, types, references };
}

/** What comes in time, each place once; in the order asked, so that a prompt begins as the one before. */
async function inTime(late: Promise<unknown>, asked: Promise<Told[]>[]): Promise<Told[]> {
  const come: Told[][] = asked.map(() => []);
  const all = asked.map(async (one, index) => {
    come[index] = await one;
  });
  await Promise.race([late, Promise.allSettled(all)]);
  const key = ({ uri, range }: Told) => `${range.start.line} ${uri}`;
  return [...new Map(come.flat().map((place) => [key(place), place])).values()];
}

/** Where each name stands for the first time. */
function names(document: vscode.TextDocument, range: vscode.Range): vscode.Position[] {
  const found = new Map<string, vscode.Position>();
  for (let line = range.start.line; line <= range.end.line; line += 1) {
    for (const match of document.lineAt(line).text.matchAll(/[\p{L}_][\p{L}\p{N}_]+/gu)) {
      if (!found.has(match[0]) && found.size < MOST) {
        found.set(match[0], new vscode.Position(line, match.index));
      }
    }
  }
  return [...found.values()];
}

/** Who uses what the range defines. */
async function uses(document: vscode.TextDocument, range: vscode.Range): Promise<Told[]> {
  const found = await vscode.commands.executeCommand<Named[]>('vscode.executeDocumentSymbolProvider', document.uri);
  const defined = nested(found ?? [])
    .map((symbol) => ('selectionRange' in symbol ? symbol.selectionRange : symbol.location.range).start)
    .filter((spot) => range.contains(spot))
    .sort((a, b) => a.compareTo(b));
  return defined[0] ? told('vscode.executeReferenceProvider', document, defined[0], false) : [];
}

function nested(symbols: Named[]): Named[] {
  return symbols.flatMap((symbol) => [symbol, ...('children' in symbol ? nested(symbol.children) : [])]);
}

async function told(command: string, document: vscode.TextDocument, spot: vscode.Position, whole: boolean): Promise<Told[]> {
  const places = await vscode.commands.executeCommand<Place[]>(command, document.uri, spot);
  const some = (places ?? []).slice(0, MOST_PLACES);
  const all = await Promise.all(some.map((place) => read(place, whole).catch(() => undefined)));
  return all.filter((place) => place !== undefined);
}

async function read(place: Place, whole: boolean): Promise<Told | undefined> {
  const uri = 'targetUri' in place ? place.targetUri : place.uri;
  const { start, end } = 'targetUri' in place ? place.targetRange : place.range;
  if (uri.scheme !== 'file') {
    return undefined;
  }
  const following = (await lines(uri)).slice(start.line);
  let count = end.line - start.line + 1;
  if (whole && count === 1) {
    const blank = following.findIndex((line, index) => index > 0 && !line.trim());
    count = Math.min(blank < 0 ? following.length : blank, LINES);
  }
  // A range of the editor's own kind becomes another JSON than the protocol's.
  const range = {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
  return { uri: uri.toString(), range, text: following.slice(0, count).join('\n') };
}

/** Read without opening it, which would tell all other extensions. */
async function lines(uri: vscode.Uri): Promise<string[]> {
  const open = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  const text = open ? open.getText() : new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  return text.split(/\r\n|\r|\n/);
}
