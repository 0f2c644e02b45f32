import type {Uuid} from '../../contract/names.ts';
import type {Settings} from '../../settings.ts';
import {type ComposedPod, compose} from '../compose/compose.ts';
import {findImagesForPlan} from '../compose/find-images-for-plan.ts';
import type {PodRequest, RunRequest} from '../request.ts';

/** Stands for the UUID that `run` would draw, so that the same question has the same answer. */
const PLAN_UUID = '00000000-0000-0000-0000-000000000000' as Uuid;

/** What `run` would do. Changes nothing and needs no rights but to read. */
export const planRun = (settings: Settings, request: PodRequest, run: RunRequest): Promise<ComposedPod> =>
  compose(settings, request, run, PLAN_UUID, {find: findImagesForPlan, remember: false});
