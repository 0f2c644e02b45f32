import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import type {Readable, Writable} from 'node:stream';
import {program} from '../runner/packages.ts';
import {slowly} from './slowly.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: {readonly message: string};
}

/** A browser without a window, by the Chrome DevTools Protocol. */
export interface Browser {
  /** @throws what the browser says is wrong with it, or nothing within a minute */
  readonly send: (method: string, params?: object) => Promise<unknown>;
  /** Names and parameters of what the page has told since the last call. */
  readonly told: () => readonly {readonly method: string; readonly params: unknown}[];
  /** Waits for the page to tell something. */
  readonly until: (method: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Starts a browser with an empty page. */
export const openBrowser = async (): Promise<Browser> => {
  const profile = mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-browser-'));
  const child = spawn(
    program('chromium') ?? 'chromium',
    [
      // Its sandbox wants another user than root. What it is shown are pages of ours.
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      ...['--disable-background-networking', '--hide-scrollbars', `--user-data-dir=${profile}`],
      ...['--remote-debugging-pipe', 'about:blank'],
    ],
    {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: {HOME: profile, PATH: '/usr/bin:/bin'}},
  );
  const ended = once(child, 'exit');
  const [, , , input, output] = child.stdio as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const events: {method: string; params: unknown}[] = [];
  const listeners = new Set<() => void>();
  let rest = '';
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const text of messages) {
      const message = JSON.parse(text) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else if (message.method !== undefined) events.push({method: message.method, params: message.params});
      for (const listener of listeners) listener();
    }
  });
  /** A minute, or the end of the browser. */
  const atMost = <T>(what: string, promise: Promise<T>): Promise<T> => {
    const {promise: late, reject} = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`${what}: no answer`)), slowly(60_000));
    const over = ended.then(([code]) => Promise.reject(new Error(`${what}: the browser has ended with ${code}`)));
    return Promise.race([promise, late, over]).finally(() => clearTimeout(timer));
  };
  let calls = 0;
  let sessionId: string | undefined;
  const send: Browser['send'] = async (method, params = {}) => {
    const id = ++calls;
    const {promise, resolve} = Promise.withResolvers<Message>();
    waiting.set(id, resolve);
    input.write(`${JSON.stringify({id, method, params, ...(sessionId === undefined ? {} : {sessionId})})}\0`);
    const {result, error} = await atMost(method, promise);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(profile, {recursive: true, force: true, maxRetries: 10});
  };
  try {
    const {targetId} = (await send('Target.createTarget', {url: 'about:blank'})) as {targetId: string};
    ({sessionId} = (await send('Target.attachToTarget', {targetId, flatten: true})) as {sessionId: string});
  } catch (error) {
    await close();
    throw error;
  }
  return {
    send,
    told: () => events.splice(0),
    until: (method) => {
      const {promise, resolve} = Promise.withResolvers<void>();
      const look = () => {
        if (events.some((event) => event.method === method)) resolve();
      };
      listeners.add(look);
      look();
      return atMost(method, promise).finally(() => listeners.delete(look));
    },
    close,
  };
};
