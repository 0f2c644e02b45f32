import * as z from 'zod';
import {appPlace} from '../src/contract/app-place.ts';
import {declaration} from '../src/contract/declaration.ts';
import {finding, hostFacts} from '../src/contract/host.ts';
import {launch} from '../src/contract/launch.ts';
import {enforcementReport, plan} from '../src/contract/plan.ts';
import {pod} from '../src/contract/pod.ts';
import {stepSchema, stopStep} from '../src/contract/step.ts';

/** JSON Schema (2020-12) of everything that crosses the contract, for authors in other languages. */
export const jsonSchemas = (): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries({
      'app-place': appPlace,
      declaration,
      'enforcement-report': enforcementReport,
      finding,
      'host-facts': hostFacts,
      launch,
      plan,
      pod,
      step: stepSchema,
      'stop-step': stopStep,
    }).map(([name, schema]) => [name, z.toJSONSchema(schema)]),
  );
