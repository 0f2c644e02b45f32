import test from 'ava';
import {canonicalJson} from '../../../src/pod/verbs/canonical-json.ts';

test('the same value has one text, whatever the order of its names', (t) => {
  t.is(canonicalJson({b: [1, {z: null, a: true}], a: 'x'}), '{"a":"x","b":[1,{"a":true,"z":null}]}');
  t.is(canonicalJson({a: 'x', b: [1, {a: true, z: null}]}), canonicalJson({b: [1, {z: null, a: true}], a: 'x'}));
});

test('names are in the order of their code units, numbers among them too', (t) => {
  t.is(canonicalJson({10: 1, 9: 2, é: 3, a: 4, A: 5}), '{"10":1,"9":2,"A":5,"a":4,"é":3}');
  t.is(canonicalJson(JSON.parse('{"__proto__": 1, "a": 2}')), '{"__proto__":1,"a":2}');
});

test('what is not there is left out, as in JSON', (t) => {
  t.is(canonicalJson({a: undefined, b: [undefined, 1]}), '{"b":[null,1]}');
  t.deepEqual(JSON.parse(canonicalJson({text: 'a"\n\u2028', number: 1e21})), {text: 'a"\n\u2028', number: 1e21});
});
