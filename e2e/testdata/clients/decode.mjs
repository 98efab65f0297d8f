// jsona and json-api-serializer write what is sent, and read what comes back.
import assert from 'node:assert/strict'
import jsona from 'jsona'
import Serializer from 'json-api-serializer'
import { api, authorization, collection, user } from './home.mjs'

const Jsona = jsona.Jsona ?? jsona
const type = 'application/vnd.api+json'
async function send (method, path, body) {
  const answer = await fetch(`${api}/${path}`, {
    method, headers: { Authorization: authorization, Accept: type, ...(body && { 'Content-Type': type }) }, body: body && JSON.stringify(body)
  })
  assert(answer.ok, `${method} ${path}: ${answer.status}`)
  assert.equal(answer.headers.get('Content-Type'), answer.status === 204 ? null : type)
  return answer.status === 204 ? null : answer.json()
}

const formatter = new Jsona()
const serializer = new Serializer()
serializer.register('UserProfile', { relationships: { user: { type: 'User' } } })

for (const [write, read] of [
  [model => formatter.serialize({ stuff: { type: 'UserProfile', ...model } }), body => formatter.deserialize(body)],
  [model => serializer.serialize('UserProfile', model), body => serializer.deserialize('UserProfile', body)]
]) {
  const made = read(await send('POST', collection, write({ name: 'Decoded', age_limit: null })))
  assert.equal(made.name, 'Decoded')
  assert.equal(made.age_limit, null)
  assert.strictEqual(made.user_id, Number(user))
  assert.equal(made.user.id ?? made.user, user)
  const changed = read(await send('PATCH', `${collection}/${made.id}`, write({ id: made.id, name: 'Decoded again' })))
  assert.equal(changed.name, 'Decoded again')
  const list = read(await send('GET', collection))
  assert(list.some(one => one.id === made.id))
  await send('DELETE', `${collection}/${made.id}`)
}
