import {defineCommand} from '../command.ts';
import {command as doctor} from './flavor-doctor.ts';

/** The short name, with the flag by which other commands take a flavor. */
export const command = defineCommand({
  ...doctor,
  name: 'doctor',
  flags: {...doctor.flags, stage1: {type: 'string', value: 'FLAVOR', help: 'the same as FLAVOR'}},
  examples: [
    {command: 'rkt doctor', does: 'as rkt flavor doctor: all installed flavors'},
    {command: 'rkt doctor --prove --stage1=fly', does: 'which promises of fly hold, tried with hostile pods'},
  ],
  run(context, {flags, positionals, ...rest}) {
    const {stage1} = flags;
    const names = stage1 === undefined ? positionals : [stage1, ...positionals];
    return doctor.run(context, {...rest, flags, positionals: names});
  },
});
