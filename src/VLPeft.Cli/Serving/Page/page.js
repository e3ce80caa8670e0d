import { getJson } from './api.js';
import { startAsking } from './answers.js';
import { startCaptioning } from './captions.js';
import { byId } from './dom.js';
import { loadPictures } from './pictures.js';
import { startSaying } from './tasks.js';

try {
  const runs = await getJson('/api/runs');
  const answering = runs.filter((run) => run.task === 'vqa'), captioning = runs.filter((run) => run.task === 'captioning'), several = runs.filter((run) => run.tasks);
  const count = (list, what) => list.length === 0 ? null : `${list.length} ${list.length === 1 ? 'run' : 'runs'} ${what}`;
  byId('summary').textContent = `${[count(answering, 'of question answering'), count(captioning, 'of captioning'), count(several, 'of several tasks')].filter(Boolean).join(' and ')}. `
    + 'Pick a picture, ask, then change the picture and ask again.';
  if (answering.length > 0)
    startAsking(answering);
  if (captioning.length > 0)
    startCaptioning(captioning);
  if (several.length > 0)
    startSaying(several);
  await loadPictures();
} catch (error) {
  byId('summary').textContent = error.message;
}
