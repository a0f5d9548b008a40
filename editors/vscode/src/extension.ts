//! Where the editor begins: one client for all folders, and the commands that are the extension's own.

import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { State } from 'vscode-languageclient/node';
import { languageClient } from './client';
import * as editors from './context';
import { Jobs } from './jobs';
import { Pages } from './pages';
import { filled } from './place';
import type { Argument, Result } from './protocol';
import { Review } from './review';
import { environment, needsRestart, program } from './server';
import { statusItem, tell } from './status';
import { Threads } from './threads';
import { showUsage } from './usage';

const KEY = 'xai-api-key';

/** How long the program may take to say anything, in milliseconds: the editor waits for it. */
const PATIENCE = 10_000;

const TITLES: Record<string, string> = {
  'gloss.describeImage': 'Describe image',
  'gloss.explainFile': 'Explain every function',
  'gloss.fix': 'Fix problem',
  'gloss.refactor': 'Refactor',
  'gloss.run': 'Run action',
  'gloss.writeAllAltText': 'Write missing alt text',
  'gloss.writeAltText': 'Write alt text',
};

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Gloss', { log: true });
  const client = languageClient(context, log, run);
  const jobs = new Jobs(client);
  const threads = new Threads(jobs);
  const review = new Review(client);
  const pages = new Pages();
  const status = statusItem();

  async function run(command: string, given: unknown): Promise<unknown> {
    if (command === 'gloss.cancel' || command === 'gloss.usage') {
      return jobs.ask(command, given ?? {});
    }
    if (command === 'gloss.doctor') {
      return pages.doctor(await jobs.ask(command, given ?? {}));
    }
    if (command === 'gloss.notes') {
      return pages.show('Notes.json', JSON.stringify(await jobs.ask(command, given ?? {}), null, 2));
    }
    const argument = filled(client, command, command === 'gloss.preview' ? undefined : (given as Argument));
    if (!argument?.uri) {
      return undefined;
    }
    if (command === 'gloss.preview') {
      const asked = given ?? { command: 'gloss.explain', argument };
      return pages.preview(await jobs.ask(command, asked));
    }
    if (command === 'gloss.explain') {
      return explain(argument);
    }
    return work(command, argument);
  }

  async function explain(argument: Argument): Promise<void> {
    const range = client.protocol2CodeConverter.asRange(argument.range);
    const title = argument.question ?? (argument.diagnostics?.length ? 'This problem' : 'Explanation');
    await threads.explain(title, argument, range ?? new vscode.Range(0, 0, 0, 0));
  }

  /** A job that edits or describes: its progress in a notification, then what it came to. */
  async function work(command: string, argument: Argument): Promise<void> {
    const reviews = vscode.workspace.getConfiguration('gloss').get('edits') !== 'apply';
    const title = TITLES[command] ?? command;
    const outcome = await jobs.show(title, command, { ...argument, ...(reviews && { apply: false }) });
    if (!outcome) {
      return;
    }
    if ('failed' in outcome) {
      const answer = outcome.result?.answer;
      const chosen = await vscode.window.showErrorMessage(`Gloss: ${outcome.failed}`, ...(answer ? ['Show Answer'] : []));
      if (chosen && answer) {
        await pages.show('Answer.md', answer);
      }
      return;
    }
    await show(command, title, argument, outcome.result);
  }

  async function show(command: string, title: string, argument: Argument, result: Result): Promise<void> {
    if (result.edit) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(argument.uri ?? ''));
      await review.open(title, document, result, (wish, proposed) => {
        const asked = { question: argument.instruction ?? 'Refactor this.', answer: proposed };
        return work(command, { ...argument, instruction: wish, history: [...(argument.history ?? []), asked] });
      });
    } else if (result.markdown && command === 'gloss.describeImage') {
      await vscode.commands.executeCommand('editor.action.showHover');
      void vscode.window.showInformationMessage(result.summary ?? result.markdown);
    } else if (result.markdown) {
      await pages.show(`${title}.md`, result.markdown);
    } else if (result.summary && !result.applied) {
      void vscode.window.showInformationMessage(`Gloss: ${result.summary}`);
    }
  }

  async function ask(command: string, name: 'question' | 'instruction', prompt: string): Promise<void> {
    const argument = filled(client, command, undefined);
    const words = argument && (await vscode.window.showInputBox({ prompt, ignoreFocusOut: true }));
    if (words?.trim()) {
      await run(command, { ...argument, [name]: words.trim() });
    }
  }

  async function setApiKey(): Promise<void> {
    const prompt = 'The key from console.x.ai. It is kept in the secret storage; empty takes it away.';
    const key = await vscode.window.showInputBox({ prompt, password: true, ignoreFocusOut: true });
    if (key === undefined) {
      return;
    }
    await (key.trim() ? context.secrets.store(KEY, key.trim()) : context.secrets.delete(KEY));
    await tellKey();
    await restart();
    void vscode.window.showInformationMessage(key.trim() ? 'Gloss: the key is set.' : 'Gloss: the key is taken away.');
  }

  /** Whether there is a key completes the walkthrough's first step. */
  async function tellKey(): Promise<void> {
    const { XAI_API_KEY } = environment(await context.secrets.get(KEY));
    await vscode.commands.executeCommand('setContext', 'gloss.hasKey', Boolean(XAI_API_KEY));
  }

  /** Starts the server, anew where it runs; says what to do where that fails, and waits for no answer. */
  async function restart(): Promise<void> {
    try {
      // First, for a client that once failed to start never starts again, and says so in its own words.
      await promisify(execFile)(program(context), ['--version'], { cwd: homedir(), timeout: PATIENCE });
      if (client.isRunning()) {
        await client.stop();
      }
      await within(PATIENCE, client.start());
    } catch {
      void sayNotThere();
    }
  }

  async function sayNotThere(): Promise<void> {
    const chosen = await vscode.window.showErrorMessage(
      `Gloss: \`${program(context)}\` could not be started. Install gloss, or say where it is by gloss.server.path.`,
      'Open Settings',
    );
    if (chosen) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'gloss.server.path');
    }
  }

  function onProposal(act: (uri: vscode.Uri) => Promise<void>): (uri?: vscode.Uri) => Promise<void> | undefined {
    return (uri) => {
      const of = uri ?? vscode.window.activeTextEditor?.document.uri;
      return of && act(of);
    };
  }

  const own: Record<string, (...given: never[]) => unknown> = {
    'gloss.ask': () => ask('gloss.explain', 'question', 'Ask about this code'),
    'gloss.refactorWith': () => ask('gloss.refactor', 'instruction', 'How should it be refactored?'),
    'gloss.showUsage': async () => showUsage(program(context), environment(await context.secrets.get(KEY))),
    'gloss.setApiKey': setApiKey,
    'gloss.restart': restart,
    'gloss.showLog': () => log.show(),
    'gloss.thread.reply': (reply: vscode.CommentReply) => threads.reply(reply),
    'gloss.thread.cancel': (thread: vscode.CommentThread) => threads.cancel(thread),
    'gloss.thread.close': (thread: vscode.CommentThread) => threads.close(thread),
    'gloss.review.accept': onProposal((uri) => review.accept(uri)),
    'gloss.review.refine': onProposal((uri) => review.refine(uri)),
    'gloss.review.discard': onProposal((uri) => review.discard(uri)),
  };
  for (const [name, does] of Object.entries(own)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, does));
  }

  client.onNotification('gloss/status', (said) => tell(status, said));
  client.onRequest('gloss/context', (asked) => editors.known(asked));
  client.onDidChangeState(({ newState }) => {
    const provider = newState === State.Running && client.initializeResult?.capabilities.executeCommandProvider;
    void vscode.commands.executeCommand('setContext', 'gloss.commands', provider ? provider.commands : []);
  });
  vscode.workspace.onDidChangeConfiguration((change) => {
    if (needsRestart(change)) {
      void restart();
    }
  }, undefined, context.subscriptions);
  context.subscriptions.push(log, threads, review, pages, status, { dispose: () => void client.dispose() });
  void tellKey();
  // A command that is run before has the editor start all this, and is the server's: it has to be there.
  await restart();
}

/** What a promise brings, if it does so in time. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
