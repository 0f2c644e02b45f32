import {unlinkSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {bootId} from '../../../src/linux/boot-id.ts';
import {refutedTemplates} from '../../../src/pod/state/refuted-templates.ts';
import {dataDirectory, tree, uuidOf} from '../helpers.ts';

const MARK = 'stage1/rootfs/rkt/status/:template';
const TEMPLATE = {id: 'template', do: 'template'};
const FILE = '123:1700000000000000000';

test('S32 pods count whose machines were to go on from a template, of this start of the host', (t) => {
  const dataDir = dataDirectory(t, {[uuidOf('1')]: 'run', [uuidOf('2')]: 'exited-garbage'});
  const place = path.join(dataDir, `pods/exited-garbage/${uuidOf('2')}`);
  const refuted = () => refutedTemplates(dataDir);
  const pod = ({filesystem = [TEMPLATE] as object[], environment = [] as object[], boot = bootId()} = {}) => {
    tree(place, {
      'plan.json': JSON.stringify({filesystem, environment}),
      supervisor: JSON.stringify({boot, startedAt: 0}),
      [MARK]: `${FILE}\n`,
    });
    return refuted();
  };
  t.deepEqual(refuted(), []);
  t.deepEqual(pod(), [FILE]);
  t.deepEqual(pod({filesystem: [], environment: [TEMPLATE]}), [FILE]);
  // Whose root can write there, and whose machine has no template.
  t.deepEqual(pod({filesystem: [{id: 'template', do: 'mkdir'}]}), []);
  t.deepEqual(pod({boot: 'earlier'}), []);
  t.deepEqual(pod(), [FILE]);
  unlinkSync(path.join(place, 'supervisor'));
  t.deepEqual(refuted(), []);
  pod();
  tree(place, {'plan.json': '{'});
  t.deepEqual(refuted(), []);
});
