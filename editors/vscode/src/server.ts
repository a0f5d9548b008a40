//! Which program is the server, and the environment it gets: the key, and the settings that no workspace may touch.

import { existsSync } from 'node:fs';
import * as vscode from 'vscode';

/** Handed over as environment, since the server takes them from no editor. Of machine scope. */
const BY_ENVIRONMENT = [
  'allowedModels',
  'apiKeyCommand',
  'baseUrl',
  'budget',
  'caFile',
  'instructions',
  'otlpEndpoint',
  'otlpWorkspace',
  'prices',
  'proxy',
  'redactSecrets',
  'wire',
];

/** The extension's own, which mean nothing to the server. */
const OWN = ['server', 'edits'];

export function program(context: vscode.ExtensionContext): string {
  const named = vscode.workspace.getConfiguration('gloss').get<string>('server.path');
  if (named) {
    return named;
  }
  const name = process.platform === 'win32' ? 'gloss.exe' : 'gloss';
  const carried = vscode.Uri.joinPath(context.extensionUri, 'bin', name).fsPath;
  return existsSync(carried) ? carried : name;
}

/** Put together of all scopes: a folder may add to what the person excludes, and takes nothing away. */
const JOINED = ['exclude'];

/** What is set by the person; a default is the server's to know, or it would override their files. */
function explicit(name: string, scope?: vscode.ConfigurationScope): unknown {
  const found = vscode.workspace.getConfiguration('gloss', scope).inspect(name);
  const values = [found?.workspaceFolderValue, found?.workspaceValue, found?.globalValue];
  const set = values.filter((value) => value !== undefined && value !== null);
  return JOINED.includes(name) && set.length > 0 ? set.flat() : set[0];
}

export function environment(key: string | undefined): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const name of BY_ENVIRONMENT) {
    const value = vscode.workspace.getConfiguration('gloss').inspect(name)?.globalValue;
    if (value !== undefined) {
      environment[variable(name)] = typeof value === 'string' ? value : JSON.stringify(value);
    }
  }
  if (key) {
    environment.XAI_API_KEY = key;
  }
  return environment;
}

/** `baseUrl` is `GLOSS_BASE_URL`. */
function variable(name: string): string {
  return `GLOSS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The settings that the server takes from an editor, as far as somebody set them. */
export function settings(scope?: vscode.ConfigurationScope): Record<string, unknown> {
  const known = vscode.workspace.getConfiguration('gloss', scope);
  const names = Object.keys(known).filter(
    (name) => typeof known[name] !== 'function' && !BY_ENVIRONMENT.includes(name) && !OWN.includes(name),
  );
  const set = names.map((name) => [name, explicit(name, scope)] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== undefined));
}

/** Whether a change touches what the server only reads when it starts. */
export function needsRestart(change: vscode.ConfigurationChangeEvent): boolean {
  return ['server.path', ...BY_ENVIRONMENT].some((name) => change.affectsConfiguration(`gloss.${name}`));
}
