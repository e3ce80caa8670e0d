// Which picture is looked at: a sample, or an upload.

import { getJson, upload } from './api.js';
import { byId, element, show } from './dom.js';

const maximumBytes = 10 * 1024 * 1024;
let current = null;
const known = []; // samples, and uploads of this visit
const listeners = [];

export const picture = () => current;

export const pictures = () => known;

export const whenChosen = (listener) => listeners.push(listener);

export async function loadPictures() {
  const samples = await getJson('/api/pictures');
  known.push(...samples);
  const place = byId('samples');
  place.append(element('div', { class: 'grid' }, ...samples.map(sample)));
  place.hidden = samples.length === 0;
  place.addEventListener('change', (event) => choose(samples.find((one) => one.id === event.target.value)));
  byId('upload').addEventListener('change', take);
  if (samples.length > 0) {
    place.querySelector('input').checked = true;
    choose(samples[0]);
  }
}

function sample(one) {
  return element('label', { class: 'sample' },
    element('input', { type: 'radio', name: 'sample', value: one.id, class: 'unseen' }),
    element('img', { src: one.url, alt: one.title, loading: 'lazy' }));
}

async function take(event) {
  const [file] = event.target.files;
  event.target.value = ''; // the same file may be chosen again
  if (!file)
    return;
  show('picture-problem', null);
  if (file.size > maximumBytes) {
    show('picture-problem', `“${file.name}” is too large: at most 10 MiB are taken.`);
    return;
  }
  byId('current-title').textContent = 'Uploading …';
  try {
    const taken = await upload(file);
    const checked = byId('samples').querySelector('input:checked');
    if (checked)
      checked.checked = false;
    choose({ ...taken, questions: [], captions: [] });
  } catch (error) {
    byId('current-title').textContent = current?.title ?? '';
    show('picture-problem', error.message);
  }
}

function choose(one) {
  current = one;
  if (!known.some((other) => other.id === one.id))
    known.push(one);
  show('picture-problem', null);
  const image = shown();
  image.onload = () => image.classList.toggle('pixels', image.naturalWidth < 160);
  image.src = one.url;
  image.alt = one.title;
  byId('current-title').textContent = one.width ? `${one.title} (${one.width} × ${one.height})` : one.title;
  listeners.forEach((listener) => listener(one));
}

// Made with the first picture: HTML has no img without an address.
function shown() {
  if (!byId('current'))
    byId('current-title').before(element('img', { id: 'current', alt: '' }));
  return byId('current');
}
