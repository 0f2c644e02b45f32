import type {App, Pod, UnitOptions} from '@rkt/plugin-sdk';

type Stdio = ReturnType<UnitOptions['stdio']>;

/**
 * What PID 1 does before it becomes systemd, which closes the streams that rkt was given: a stopped process, always number 2, keeps them open, and apps
 * open them there. So nothing copies what they write, and each has its own. (Descriptor 3, because a shell gives what it starts in the background no input.)
 */
export const INIT = `exec 3<&0
sh -c 'kill -STOP $$' <&3 3<&- &
exec 3<&-
exec /usr/lib/systemd/systemd --log-target=null --show-status=0
`;

const HOLDER = '/proc/2/fd';

/** Where an app's streams go. */
export const stdioOf = (pod: Pod, app: App): Stdio => {
  if (pod.interactive) {
    const terminal = {kind: 'terminal', path: '/dev/console'} as const;
    return {stdin: terminal, stdout: terminal, stderr: terminal};
  }
  const output = (stream: 'stdout' | 'stderr'): Stdio['stdout'] => {
    switch (app.stdio[stream]) {
      case 'null':
        return {kind: 'null'};
      case 'log':
        return {kind: 'append', path: `/rkt/logs/${app.name}.${stream}`};
      default:
        return {kind: 'append', path: `${HOLDER}/${stream === 'stdout' ? 1 : 2}`};
    }
  };
  return {stdin: inputOf(pod, app), stdout: output('stdout'), stderr: output('stderr')};
};

// Several apps that read one stream would each get some of it.
const inputOf = (pod: Pod, app: App): Stdio['stdin'] => {
  const reads = app.stdio.stdin === 'stream' || (app.stdio.stdin === 'inherit' && pod.apps.length === 1);
  return reads ? {kind: 'file', path: `${HOLDER}/0`} : {kind: 'null'};
};
