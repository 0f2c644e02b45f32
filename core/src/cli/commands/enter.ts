import {withPod} from '../../pod/state/with-pod.ts';
import {enter} from '../../pod/verbs/enter.ts';
import {readUuidFile} from '../../pod/verbs/read-uuid-file.ts';
import {EXIT_RKT, RktError} from '../../rkt-error.ts';
import {asMember, asOwner} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {argumentMissing, flagMisplaced} from '../errors.ts';
import {isFlag} from '../read-flag.ts';
import {describeError} from '../report-error.ts';

export const command = defineCommand({
  name: 'enter',
  summary: 'Run another program in a running pod',
  usage: '[flags] UUID|--uuid-file=FILE [COMMAND [ARGS…]]',
  description:
    'The program gets exactly what the app has: its root directory, namespaces, cgroup, user, capabilities, filter and limits. Without COMMAND ' +
    'it is a shell.',
  imageGrammar: true,
  flags: {
    app: {type: 'string', value: 'NAME', help: 'the app to enter; needed if the pod has several'},
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file; all arguments are then the command'},
  },
  examples: [
    {command: 'rkt enter 0f5a1f3e', does: 'a shell'},
    {command: 'rkt enter --app=web 0f5a1f3e ls -l /srv', does: 'a program in one of several apps'},
    {command: 'rkt enter --uuid-file=/run/web.uuid ls -l /srv', does: 'in the pod whose UUID is in the file'},
  ],
  async run(context, {flags, positionals}) {
    const file = flags['uuid-file'];
    const [uuid, ...words] = file === undefined ? positionals : [readUuidFile(file, EXIT_RKT), ...positionals];
    if (uuid === undefined) throw argumentMissing(command.name, 'UUID');
    asOwner(context, 'enter');
    const [first = ''] = words;
    if (file === undefined && isFlag(first))
      throw flagMisplaced(command.name, first, `rkt enter ${first} ${uuid}; a program of such a name follows "--"`);
    const program = first === '--' ? words.slice(1) : words;
    try {
      return await withPod(context.dataDir, uuid, (entry) => {
        asMember(context, 'enter', entry);
        return enter(context, entry, {
          app: flags.app,
          command: program,
          describeError: (error) =>
            describeError(ofEnter(error), {format: context.format, debug: context.debug, command: 'enter'}),
        });
      });
    } catch (error) {
      throw error instanceof RktError ? ofEnter(error) : error;
    }
  },
});

/** What is to be corrected is what was typed, not the image. */
const ofEnter = (error: RktError): RktError => {
  const {code, message, fields, cause, exitCode} = error;
  if (code !== 'RKT_EXEC_NOT_FOUND') return error;
  const hint = "name a program of the app's image, or give its path there; PATH is the app's own";
  return new RktError(code, message, {...fields, cause, exitCode, hint});
};
