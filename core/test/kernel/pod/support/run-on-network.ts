import process, {argv} from 'node:process';
import {command} from '../../../../src/cli/commands/run.ts';
import {globalFlags} from '../../../../src/cli/globals.ts';
import {parsePodArguments} from '../../../../src/cli/grammar/pod.ts';
import {parseRunFlags} from '../../../../src/cli/grammar/run.ts';
import {makeContext} from '../../../../src/cli/make-context.ts';
import {makeOutput} from '../../../../src/cli/output.ts';
import {parse} from '../../../../src/cli/parse.ts';
import {reportError} from '../../../../src/cli/report-error.ts';
import {setUmask} from '../../../../src/linux/umask.ts';
import {run} from '../../../../src/pod/verbs/run.ts';

/* `rkt run` with a network that has been prepared, which no flag asks for: NETWORK is that of the contract, as JSON, and what follows is the line of the command. */

const [network = '', ...words] = argv.slice(2);
setUmask();
try {
  const {flags, images} = parse(command, {...globalFlags, ...command.flags}, words);
  const context = await makeContext(flags, 'json', makeOutput(), 'run');
  await run(context, parsePodArguments(flags, images), {...parseRunFlags(flags), preparedNetwork: JSON.parse(network)});
} catch (error) {
  process.exitCode = reportError(error, {format: 'json', debug: false, command: 'run'});
}
