//! Jobs: begun under a token of our own, heard until they finish, with progress and cancel in a notification.

import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { type LanguageClient, WorkDoneProgress } from 'vscode-languageclient/node';
import { type Argument, CANCELLED, type Finished, type Result } from './protocol';

interface Running {
  delta?: (text: string) => void;
  finish: (finished: Finished) => void;
}

/** What a job came to; nothing where it was cancelled. */
export type Outcome = { result: Result } | { failed: string; result?: Result } | undefined;

export interface Hears {
  delta?: (text: string) => void;
  progress?: (message: string) => void;
}

export interface Begun {
  outcome: Promise<Outcome>;
  cancel: () => void;
}

export class Jobs {
  private readonly running = new Map<string, Running>();

  constructor(private readonly client: LanguageClient) {
    client.onNotification('gloss/stream', ({ id, delta }: { id: string; delta: string }) => {
      this.running.get(id)?.delta?.(delta);
    });
    client.onNotification('gloss/finished', (finished: Finished) => {
      this.running.get(finished.id)?.finish(finished);
    });
  }

  /** Begins a job; what it streams and how far it is are told as they come. */
  begin(command: string, argument: Argument, hears: Hears = {}): Begun {
    const id = randomUUID();
    const reports = this.client.onProgress(WorkDoneProgress.type, id, (value) => {
      if (value.kind !== 'end' && value.message) {
        hears.progress?.(value.message);
      }
    });
    const finished = new Promise<Finished>((finish) => this.running.set(id, { delta: hears.delta, finish }));
    const told = this.ask(command, { ...argument, workDoneToken: id }).then(
      () => finished,
      (error: Error): Finished => ({ id, command, error: { code: 0, message: error.message } }),
    );
    const outcome = told.then(({ result, error }): Outcome => {
      this.running.delete(id);
      reports.dispose();
      if (!error) {
        return { result: result ?? {} };
      }
      return error.code === CANCELLED ? undefined : { failed: error.message, result };
    });
    return { outcome, cancel: () => void this.ask('gloss.cancel', { id }) };
  }

  /** The same, with progress and cancel in a notification. */
  show(title: string, command: string, argument: Argument): Promise<Outcome> {
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    const shown = vscode.window.withProgress(options, (progress, cancelled) => {
      const job = this.begin(command, argument, { progress: (message) => progress.report({ message }) });
      cancelled.onCancellationRequested(job.cancel);
      return job.outcome;
    });
    return Promise.resolve(shown);
  }

  /** A command's own answer: the id of a job, or what is told at once. */
  ask<T>(command: string, argument: object): Promise<T> {
    return this.client.sendRequest('workspace/executeCommand', { command, arguments: [argument] });
  }
}
