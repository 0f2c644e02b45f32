import {change, launched} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* Flavors of examples/, which launch a program of the host. */

export const exampleMutants: readonly Mutant[] = [
  {
    name: 'bwrap-keeps-capabilities',
    breaks: 'a retain-set is all there is',
    flavors: ['bubblewrap'],
    cases: ['EX-48/denied'],
    says: /stdout/,
    mutate: launched((launch) => {
      const {argv} = launch.process;
      const at = argv.indexOf('--cap-drop');
      const kept =
        at < 0 ? argv : [...argv.slice(0, at), '--cap-add', 'ALL', ...argv.slice(argv.indexOf('--clearenv'))];
      return {...launch, process: {...launch.process, argv: kept}};
    }),
  },
  {
    name: 'bwrap-shares-pids',
    breaks: 'a pid namespace of its own, in which no process of the host is seen',
    flavors: ['bubblewrap'],
    cases: ['PO-01/pid'],
    says: /pid|not so|status/,
    mutate: launched((launch) => ({
      ...launch,
      process: {...launch.process, argv: launch.process.argv.filter((word) => word !== '--unshare-pid')},
    })),
  },
  {
    name: 'crun-without-masks',
    breaks: 'kernel paths are hidden',
    flavors: ['crun'],
    cases: ['S06/ordinary'],
    says: /kcore|stdout|deep|strict/,
    mutate: change(
      'write',
      (step) => {
        const config = JSON.parse(step.content) as {linux: {maskedPaths?: readonly string[]}};
        config.linux.maskedPaths = [];
        return {...step, content: JSON.stringify(config)};
      },
      /config/,
    ),
  },
  {
    name: 'crun-with-privileges',
    breaks: 'no-new-privileges is set and inherited',
    flavors: ['crun'],
    cases: ['EX-49/set'],
    says: /./,
    mutate: change(
      'write',
      (step) => ({
        ...step,
        content: step.content.replace('"noNewPrivileges":true', '"noNewPrivileges":false'),
      }),
      /config/,
    ),
  },
];
