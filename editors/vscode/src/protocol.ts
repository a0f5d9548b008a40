//! What the server says beyond the protocol, as far as this extension listens.

import type { Diagnostic, Range, WorkspaceEdit } from 'vscode-languageclient/node';

export interface Exchange {
  question: string;
  answer: string;
}

/** The one object that a command takes. */
export interface Argument {
  uri?: string;
  range?: Range;
  question?: string;
  instruction?: string;
  history?: Exchange[];
  diagnostics?: Diagnostic[];
  apply?: boolean;
  workDoneToken?: string;
}

export interface Result {
  markdown?: string;
  summary?: string;
  applied?: boolean;
  edit?: WorkspaceEdit;
  answer?: string;
}

export interface Finished {
  id: string;
  command: string;
  result?: Result;
  error?: { code: number; message: string };
}

export interface Status {
  busy: boolean;
  today?: { requests: number; total_tokens: number; cost_usd: number } | null;
}

/** The code of a job that was cancelled, which needs no words. */
export const CANCELLED = -32800;
