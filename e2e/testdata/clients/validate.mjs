// Every body of JSON:API, of answers and of errors, is one to jsonapi-validator.
import assert from 'node:assert/strict'
import jsonapi from 'jsonapi-validator'
import { api, authorization, collection, user } from './home.mjs'

const validator = new jsonapi.Validator()
const type = 'application/vnd.api+json'
const seen = new Set()

async function check (status, method, path, body, headers = {}) {
  const answer = await fetch(`${api}/${path}`, {
    method,
    headers: { Authorization: authorization, Accept: type, ...(body !== undefined && { 'Content-Type': type }), ...headers },
    body: typeof body === 'object' ? JSON.stringify(body) : body
  })
  const text = await answer.text()
  assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${text}`)
  seen.add(status)
  if (status === 204) return assert.equal(text, '')
  assert.equal(answer.headers.get('Content-Type'), type)
  const document = JSON.parse(text)
  assert.doesNotThrow(() => validator.validate(document), `${method} ${path}: ${text}`)
  return document
}

const profile = (attributes, more) => ({ data: { type: 'UserProfile', attributes, ...more } })

await check(200, 'GET', collection)
await check(200, 'GET', `${collection}?page[size]=1&sort=-name`)
await check(200, 'GET', `${collection}?page[number]=99&fields[UserProfile]=`)
await check(200, 'GET', `users/${user}`)
await check(200, 'GET', `users/${user}/channel_lock`)
const made = await check(201, 'POST', collection, profile({ name: 'Valid', profile_pin: '1234', avatar_id: 'owl', autoplay: true }))
const one = `${collection}/${made.data.id}`
await check(200, 'GET', one)
await check(200, 'PATCH', one, profile({ age_limit: 7 }, { id: made.data.id }))
await check(201, 'POST', `${one}/authentication_tokens`, { data: { type: 'AuthenticationTokens', attributes: { pin: '1234' } } })
await check(200, 'GET', `${one}/token`, undefined, { 'X-Account-Pin': '1234' })
await check(403, 'POST', `${one}/authentication_tokens`, { data: { type: 'AuthenticationTokens', attributes: { pin: '4321' } } })
await check(403, 'GET', `${one}/token`)
await check(200, 'PUT', `users/${user}/channel_lock`, { data: { type: 'ChannelLock', attributes: { account_channel_lock_status: true } } })
await check(400, 'GET', `${collection}?include=user`)
await check(400, 'POST', collection, '{')
await check(401, 'GET', collection, undefined, { Authorization: 'Bearer x.y.z' })
await check(401, 'POST', 'login', { username: 'nobody', password: 'x' })
await check(403, 'POST', collection, profile({ name: 'x' }, { id: made.data.id }))
await check(404, 'GET', `${collection}/${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}`)
await check(404, 'GET', 'users/1/user_profiles')
await check(405, 'PUT', collection, profile({}))
await check(406, 'GET', collection, undefined, { Accept: `${type}; foo=1` })
await check(409, 'POST', collection, profile({ name: 'VALID' }))
await check(409, 'POST', collection, { data: { type: 'Device' } })
await check(412, 'PATCH', one, profile({ name: 'x' }, { id: made.data.id }), { 'If-Match': '"9"' })
await check(415, 'POST', collection, profile({ name: 'x' }), { 'Content-Type': `${type}; charset=utf-8` })
await check(422, 'PATCH', one, profile({ name: '', age_limit: 99, colour: 1 }, { id: made.data.id }))
await check(204, 'DELETE', one)

// The validator refuses what is none: it is not blind.
for (const wrong of [{ data: { type: 'UserProfile', id: 7 } }, { errors: [{ status: 404 }] }, { name: 'Dad' }, { data: [], errors: [] }]) {
  assert(!validator.isValid(wrong), JSON.stringify(wrong))
}
assert(seen.size >= 13)
