// The API of vlpeft serve. Whatever is refused comes back as a problem document with one sentence.

export const getJson = (url) => call(url, {});

export const postJson = (url, body, signal) => call(url, post(body, signal));

export const upload = (file) =>
  call(`/api/pictures?name=${encodeURIComponent(file.name)}`, { method: 'POST', headers: { 'Content-Type': file.type || 'application/octet-stream' }, body: file });

// Server-sent events of a POST, which EventSource can't send.
export async function* events(url, body, signal) {
  const response = await answered(url, post(body, signal));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const { done, value } = await reader.read();
    if (done)
      return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks)
      yield parsed(block);
  }
}

function parsed(block) {
  const field = (name) => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return { type: field('event'), ...JSON.parse(field('data')) };
}

const post = (body, signal) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal });

async function call(url, options) {
  return (await answered(url, options)).json();
}

async function answered(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;
    throw new Error('The program does not answer; was it ended?');
  }
  if (response.ok)
    return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(sentence(problem.detail ?? `The request was refused (${response.status}).`));
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
