#!/usr/bin/env node
import {spawnSync} from 'node:child_process';
import {createRequire} from 'node:module';
import path from 'node:path';

const rkt = path.join(path.dirname(createRequire(import.meta.url).resolve('@rkt/core/package.json')), 'bin/rkt');
const run = (program, args, cwd) => {
  const {status, error} = spawnSync(program, args, {cwd, stdio: 'inherit'});
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
};

const [name = '', ...more] = process.argv.slice(2);
run(rkt, ['flavor', 'new', ...(name === '' ? [] : [name]), ...more]);
run('npm', ['install'], path.resolve(name));
