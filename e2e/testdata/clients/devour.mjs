// devour-client, with the type as the server spells it.
import assert from 'node:assert/strict'
import devour from 'devour-client'
import { api, authorization, collection, fails, user } from './home.mjs'

const JsonApi = devour.default ?? devour
const client = new JsonApi({ apiUrl: api, pluralize: false, logger: false })
client.headers.Authorization = authorization
client.define('UserProfile', { name: '', user_id: '', is_child_profile: '', age_limit: '', is_default: '' }, { collectionPath: collection })

const before = await client.findAll('UserProfile')
assert.equal(before.data[0].is_default, true)
const { data: made } = await client.create('UserProfile', { name: 'Devour', is_child_profile: true })
assert.equal(made.age_limit, 12)
assert.equal(made.user_id, Number(user))
const { data: changed } = await client.update('UserProfile', { id: made.id, name: 'Devoured' })
assert.equal(changed.name, 'Devoured')
assert.equal(changed.is_child_profile, true)
assert.equal((await client.find('UserProfile', made.id)).data.name, 'Devoured')
const page = await client.findAll('UserProfile', { page: { number: 1, size: 1 }, sort: 'name' })
assert.equal(page.data.length, 1)
assert(page.links.next && !page.links.prev)
const refused = await fails(client.create('UserProfile', { name: 'Devoured' }))
assert(refused, 'a name that is taken')
await client.destroy('UserProfile', made.id)
await fails(client.find('UserProfile', made.id))
assert.equal((await client.findAll('UserProfile')).data.length, before.data.length)
