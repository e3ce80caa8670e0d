// A request of one task to every run of several tasks that has learnt it.

import { postJson } from './api.js';
import { byId, cards, element, fill, show } from './dom.js';
import { picture, pictures, whenChosen } from './pictures.js';

const names = { vqa: 'question (vqa)', gqa: 'question (gqa)', nlvr: 'statement about two pictures (nlvr)', caption: 'caption' };
let underway = new AbortController();

export function startSaying(runs) {
  byId('say-section').hidden = false;
  const tasks = [...new Set(runs.flatMap((run) => run.tasks))];
  byId('task').append(...tasks.map((task) => element('option', { value: task }, names[task])));
  byId('task').addEventListener('change', fit);
  byId('say').addEventListener('submit', (event) => {
    event.preventDefault();
    say(runs);
  });
  whenChosen(offer);
  fit();
}

// A caption is of no text, a statement of two pictures: the chosen one is left.
function fit() {
  const task = byId('task').value;
  byId('request').hidden = task === 'caption';
  for (const part of [byId('right'), byId('right').labels[0]])
    part.hidden = task !== 'nlvr';
}

function offer() {
  const right = byId('right'), chosen = right.value;
  right.replaceChildren(...pictures().map((one) => element('option', { value: one.id, selected: one.id === chosen }, one.title)));
}

async function say(runs) {
  const task = byId('task').value, text = task === 'caption' ? '' : byId('request').value.trim();
  const problem = !picture() ? 'Choose or upload a picture first.' : !text && task !== 'caption' ? 'Write a question or a statement first.' : null;
  show('say-problem', problem);
  if (problem)
    return;
  underway.abort();
  underway = new AbortController();
  const { signal } = underway, asked = runs.filter((run) => run.tasks.includes(task));
  const request = { task, text, pictures: task === 'nlvr' ? [picture().id, byId('right').value] : [picture().id] };
  byId('say-status').textContent = 'Asking …';
  const places = cards(byId('said'), asked);
  const said = await Promise.all(asked.map((run, index) => one(places[index], run, request, signal)));
  if (!signal.aborted)
    byId('say-status').textContent = said.join('; ');
}

const one = (card, run, request, signal) => fill(card, run, signal, async (result) => {
  const { said } = await postJson(`/api/runs/${run.id}/say`, request, signal);
  result.replaceChildren(element('p', { class: said ? 'said' : 'hint' }, said || 'It says nothing.'));
  return said;
});
