//! The language client: what it can do beyond the protocol, and how commands become jobs.

import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import {
  DidChangeConfigurationNotification,
  LanguageClient,
  type LanguageClientOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { environment, program, settings } from './server';

/** Runs a command of the server; its argument may be missing. */
export type Run = (command: string, argument: unknown) => Promise<unknown>;

const CAPABLE: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...capabilities.experimental, gloss: { stream: true, context: true } };
  },
  initialize: () => {},
  getState: () => ({ kind: 'static' }),
  clear: () => {},
};

export function languageClient(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  run: Run,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-vfs' }],
    outputChannel: log,
    initializationOptions: () => settings(),
    middleware: {
      // The client registers the server's commands itself; here they get what their caller left out.
      executeCommand: (command, [argument]) => run(command, argument),
      workspace: {
        configuration: ({ items }) =>
          items.map(({ section, scopeUri }) =>
            section === 'gloss' ? settings(scopeUri ? vscode.Uri.parse(scopeUri) : undefined) : null,
          ),
        didChangeConfiguration: () =>
          client.sendNotification(DidChangeConfigurationNotification.type, { settings: { gloss: settings() } }),
      },
    },
  };
  const started = async () => {
    const key = await context.secrets.get('xai-api-key');
    // Windows looks for a program in the working folder first, which must not be a stranger's.
    return spawn(program(context), ['lsp'], { cwd: homedir(), env: environment(key), stdio: 'pipe' });
  };
  const client = new LanguageClient('gloss', 'Gloss', started, options);
  client.registerFeature(CAPABLE);
  return client;
}
