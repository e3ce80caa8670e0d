// A picture's caption from every run, as it grows.

import { events } from './api.js';
import { byId, cards, element, fill, show } from './dom.js';
import { showMovement } from './movement.js';
import { picture, whenChosen } from './pictures.js';

let asked = null; // the picture of the latest captions
let underway = new AbortController();

export function startCaptioning(runs) {
  byId('caption-section').hidden = false;
  byId('caption').addEventListener('submit', (event) => {
    event.preventDefault();
    caption(runs);
  });
  whenChosen((one) => show('reference', one.captions.length > 0 ? `The data set says: ${one.captions[0]}` : null));
}

async function caption(runs) {
  show('caption-problem', picture() ? null : 'Choose or upload a picture first.');
  if (!picture())
    return;
  underway.abort();
  underway = new AbortController();
  const { signal } = underway, now = picture(), previous = asked?.id === now.id ? null : asked;
  asked = now;
  byId('caption-status').textContent = 'Captioning …';
  const beams = byId('search').value === '' ? null : Number(byId('search').value);
  const places = cards(byId('captions'), runs);
  const said = await Promise.all(runs.map((run, index) => one(places[index], run, now, beams, previous, signal)));
  if (!signal.aborted)
    byId('caption-status').textContent = said.join('; ');
}

const one = (card, run, now, beams, previous, signal) => fill(card, run, signal, async (result) => {
  const text = element('p', { class: 'said growing' });
  result.replaceChildren(text);
  for await (const event of events(`/api/runs/${run.id}/caption/stream`, { picture: now.id, beams }, signal))
    text.textContent = event.text;
  text.classList.remove('growing');
  if (!text.textContent)
    text.replaceWith(element('p', { class: 'hint' }, 'It says nothing.'));
  await showMovement(card, run, { picture: now.id, text: text.textContent }, previous, signal);
  return text.textContent;
});
