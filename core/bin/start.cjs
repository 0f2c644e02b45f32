'use strict';
/*
 * Loads the bundle with the code cache that the build made of it. Unlike Node's own compile cache, which is taken when a file has been parsed, this one
 * was taken after commands had run and holds the functions that they call. There are six, because each costs what is in it: one of the commands that
 * launch, one of `run-prepared`, which decides nothing, one of `enter`, one of those that only look, one of `plan`, which checks more, and one of all others. V8 refuses a cache of another version by itself.
 */
const {readFileSync} = require('node:fs');
const {Script} = require('node:vm');

// That of node:module, which would load more with it.
const Module = module.constructor;

// Packages come from where rkt is installed: what the caller's environment names is not searched, not even for what a package takes if it is there.
const {HOME, NODE_PATH} = process.env;
delete process.env.HOME;
delete process.env.NODE_PATH;
Module._initPaths();
if (HOME !== undefined) process.env.HOME = HOME;
if (NODE_PATH !== undefined) process.env.NODE_PATH = NODE_PATH;

const filename = require('node:path').join(__dirname, '../dist/rkt.cjs');
// The bundle, which is a function of what a module has, is ASCII, and a string of single bytes is the cheapest to make.
const source = readFileSync(filename, 'latin1');

const KINDS = [
  ['launch', /^(run|prepare)$/],
  ['prepared', /^run-prepared$/],
  ['enter', /^enter$/],
  ['look', /^(list|status|version|help|--help|-h)$/],
  ['plan', /^plan$/],
];
const [kind = 'work'] = KINDS.find(([, command]) => process.argv.slice(2).some((typed) => command.test(typed))) ?? [];
const cache = `${filename}.${kind}.cache`;

const readCache = () => {
  try {
    return readFileSync(cache);
  } catch {
    // Before the build has made it, and wherever it was left out: only slower.
    return undefined;
  }
};

const cachedData = readCache();
const script = new Script(source, {filename, ...(cachedData === undefined ? {} : {cachedData})});
const bundle = {exports: {}};
// What is not Node's own is rare, and a function that finds it takes longer to make than most of a command.
const requireFrom = (name) => process.getBuiltinModule(name) ?? Module.createRequire(filename)(name);
script.runInThisContext()(bundle.exports, requireFrom, bundle, filename, `${__dirname}/../dist`);

if (require.main === module) bundle.exports.main();
else module.exports = {bundle: bundle.exports, cache, script, rejected: script.cachedDataRejected};
