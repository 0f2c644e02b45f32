import type {Explanation} from '../../pod/compose/choose-for-pod.ts';
import {imageIsolatorRefused} from '../../pod/errors.ts';
import {planRun} from '../../pod/verbs/plan-run.ts';
import {RktError} from '../../rkt-error.ts';
import {asRootIfCan} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {explanationValue, showExplanation} from '../explanation.ts';
import {appFlags, podFlags, runFlags} from '../grammar/flags.ts';
import {parsePodArguments} from '../grammar/pod.ts';
import {parseRunFlags} from '../grammar/run.ts';
import {withImageHint} from '../with-image-hint.ts';

export const command = defineCommand({
  name: 'explain',
  summary: 'Tell which flavor would run a pod, and why',
  usage: '[flags] IMAGE [image flags] [-- ARGS…] [--- IMAGE2 …]',
  description:
    'Takes the arguments of "rkt run" and tells which flavors are considered, why each is rejected and what would help, and which rules of the files in policy.d apply. "rkt run" decides the same way. ' +
    'Changes nothing and needs no root. Exits with 1 if run would refuse the pod.',
  imageGrammar: true,
  flags: {...podFlags, ...runFlags, ...appFlags},
  examples: [
    {command: 'rkt explain example.com/web', does: 'the flavor that would run it, and why'},
    {
      command: 'rkt explain --format=json example.com/web --user=1000',
      does: 'the same as JSON, with a flag of run',
    },
  ],
  async run(context, {flags, images}) {
    const request = parsePodArguments(flags, images);
    const runRequest = parseRunFlags(flags);
    asRootIfCan(context, 'explain');
    let explanation: Explanation | undefined;
    let error: RktError | undefined;
    try {
      const {refused} = await withImageHint('explain', images, () =>
        planRun(context, request, runRequest, (told) => {
          explanation = told;
        }),
      );
      if (refused.length > 0) error = imageIsolatorRefused(refused);
    } catch (thrown) {
      // Without a choice there is nothing to explain.
      if (explanation === undefined || !(thrown instanceof RktError)) throw thrown;
      error = thrown;
    }
    if (explanation === undefined) throw new TypeError('planning a pod explains its flavor');
    const value = explanationValue(explanation, error);
    const {output, format} = context;
    if (format !== 'text') output.value(value, format);
    else {
      showExplanation(value, output);
      output.line();
      if (error === undefined) output.line('run would start the pod', 'green');
      else {
        for (const line of `run would refuse the pod: ${error.message}`.split('\n')) output.line(line, 'red');
        output.line(`code: ${error.code}`);
        if (error.hint !== undefined) output.line(`hint: ${error.hint}`);
      }
    }
    return error === undefined ? 0 : 1;
  },
});
