'use strict';
/*
 * A flavor in JavaScript, in a process of its own that can have no effect (src/stage1/load/conversation.ts): one question a line on standard input, one answer a line on descriptor 3. What the
 * flavor writes to its own standard streams is no answer.
 */
const {readSync, writeSync} = require('node:fs');
const {syncBuiltinESMExports} = require('node:module');
const {Script} = require('node:vm');

const [, , source] = process.argv;

/** What Node.js lets whoever has no other permission do to other processes, and to itself beyond JavaScript; where it runs without root nothing else keeps it from that. */
const refuse = (object, permission, names) => {
  for (const name of names) {
    object[name] = (resource) => {
      const refused = new Error('Access to this API has been restricted');
      throw Object.assign(refused, {code: 'ERR_ACCESS_DENIED', permission, resource: String(resource)});
    };
  }
};
refuse(process, 'Signal', ['kill', '_kill', '_debugProcess', '_debugEnd']);
refuse(require('node:os'), 'Priority', ['setPriority']);
refuse(require('node:v8'), 'Flags', ['setFlagsFromString']);
syncBuiltinESMExports();

const QUESTIONS = 0;
const ANSWERS = 3;
const DEPTH = 8;

/** All that an error tells, as data. */
const told = (thrown, depth = 0) => {
  if (!(thrown instanceof Error)) return {message: String(thrown)};
  const {name, message, stack, code, hint, fields, cause, errno} = thrown;
  // A connection is refused by an error within an error.
  const {permission, resource} = thrown.permission === undefined && errno instanceof Error ? errno : thrown;
  const more = cause === undefined || depth === DEPTH ? {} : {cause: told(cause, depth + 1)};
  return {name, message, stack, code, hint, fields, permission, resource, ...more};
};

const frozen = (value) => {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
};

const SLOT = Symbol.for('rkt.load');
let flavor;

const load = ({known}) => {
  globalThis[SLOT] = () => require(source);
  // It puts file and line of what is no JavaScript into the stack.
  const module = new Script(`globalThis[Symbol.for('${SLOT.description}')]()`).runInThisContext({displayErrors: true});
  flavor = module.default ?? module;
  if (typeof flavor !== 'object' || flavor === null) return null;
  // Methods of a class are none of its keys.
  const names = [...new Set([...Object.keys(flavor), ...known])].filter((name) => flavor[name] !== undefined);
  return {
    declaration: flavor.declaration,
    hooks: names.filter((name) => typeof flavor[name] === 'function'),
    others: names.filter((name) => name !== 'declaration' && typeof flavor[name] !== 'function'),
  };
};

const answerTo = (question) => {
  try {
    const {hook, ...given} = frozen(JSON.parse(question));
    return JSON.stringify({answer: hook === 'declaration' ? load(given) : flavor[hook](...Object.values(given))});
  } catch (thrown) {
    return JSON.stringify({thrown: told(thrown)});
  }
};

let stray;
process.on('uncaughtException', (thrown) => {
  stray ??= {thrown: told(thrown)};
});

let rest = Buffer.alloc(0);
const nextQuestion = () => {
  const parts = [rest];
  for (let part = rest; !part.includes(0x0a); parts.push(part)) {
    part = Buffer.alloc(65_536);
    const length = readSync(QUESTIONS, part);
    if (length === 0) return undefined;
    part = part.subarray(0, length);
  }
  const all = Buffer.concat(parts);
  const end = all.indexOf(0x0a);
  rest = all.subarray(end + 1);
  return all.subarray(0, end).toString();
};

const {setImmediate} = globalThis;
const serve = async () => {
  for (let question = nextQuestion(); question !== undefined; question = nextQuestion()) {
    stray = undefined;
    const answer = answerTo(question);
    // What it began and may not do is told by the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    const bytes = Buffer.from(`${stray === undefined ? answer : JSON.stringify(stray)}\n`);
    for (let done = 0; done < bytes.length; ) done += writeSync(ANSWERS, bytes, done);
  }
  process.exit(0);
};
void serve();
