import test from 'ava';
import {jsonSchemas} from '../../build/json-schemas.ts';
import {stepSchema} from '../../src/contract/index.ts';

interface Schema {
  readonly oneOf?: readonly {
    readonly properties: {readonly do: {readonly const: string}};
    readonly additionalProperties: boolean;
  }[];
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
}
const schemas = jsonSchemas() as Record<string, Schema>;

test('every kind of step is in the JSON Schema, closed to unknown fields', (t) => {
  const kinds = stepSchema.def.options.map((option) => [...option.def.shape.do.def.values][0]);
  const {oneOf = []} = schemas.step ?? {};
  t.deepEqual(oneOf.map(({properties}) => properties.do.const).sort(), kinds.sort());
  t.true(oneOf.every(({additionalProperties}) => additionalProperties === false));
});

test('what crosses the contract has a JSON Schema', (t) => {
  for (const name of [
    'declaration',
    'enforcement-report',
    'finding',
    'host-facts',
    'launch',
    'plan',
    'pod',
    'step',
    'stop-step',
  ]) {
    t.truthy(schemas[name], name);
  }
  t.deepEqual(schemas.plan?.required, ['contract', 'pod', 'flavor', 'filesystem', 'environment', 'launch']);
  t.is(schemas.plan?.additionalProperties, false);
});
