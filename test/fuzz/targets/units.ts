import {deepStrictEqual} from 'node:assert/strict';
import {environmentAssignment, execLine, pathItem, pathSetting} from '../../../plugin-sdk/src/systemd/encode.ts';
import {unit} from '../../../plugin-sdk/src/systemd/unit.ts';
import {environmentOf, execOf, parseUnit, pathOf} from '../../../plugin-sdk/test/systemd/support/parse.ts';
import {ANYTHING} from '../../../plugin-sdk/test/systemd/support/random.ts';
import {ODD} from '../mutate.ts';
import type {Random} from '../random.ts';
import type {Target} from '../target.ts';

const textOf = (random: Random): string => random.text(random.once(2) ? ANYTHING : ODD, 8);

/** In a whole unit, as systemd would read it: no text adds a line or a setting. */
const inUnit = (key: string, value: string): string => {
  const {content} = unit('x.service', {Service: [[key, value]]});
  const parsed = parseUnit(content);
  deepStrictEqual(parsed.length, 1);
  const [setting] = parsed;
  deepStrictEqual([setting?.section, setting?.key], ['Service', key]);
  return setting?.value ?? '';
};

const normal = (path: string): string =>
  `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;

const CASES: readonly ((random: Random) => void)[] = [
  (random) => {
    const [program, argv] = [`/${textOf(random)}`, random.list(4, () => textOf(random))];
    deepStrictEqual(execOf(inUnit('ExecStart', execLine(program, argv, 'fuzz'))), {program, argv});
  },
  (random) => {
    const [name, value] = [random.pick(['A', '_b', 'C1', ...ODD]), textOf(random)];
    deepStrictEqual(environmentOf(inUnit('Environment', environmentAssignment(name, value, 'fuzz'))), [
      `${name}=${value}`,
    ]);
  },
  (random) => {
    const path = `/${textOf(random)}`;
    deepStrictEqual(pathOf(inUnit('WorkingDirectory', pathSetting(path, 'fuzz'))), normal(path));
  },
  (random) => {
    const path = `/${textOf(random)}`;
    const [item] = environmentOf(inUnit('BindPaths', pathItem(path, 'fuzz')));
    deepStrictEqual(item, path);
  },
];

/** Encoders of units: what they do not refuse, systemd reads as it was. */
export const units: Target = {
  name: 'units',
  run: (random) => random.pick(CASES)(random),
};
