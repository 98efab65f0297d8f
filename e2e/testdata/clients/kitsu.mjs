// kitsu in its default settings, and with the type spelt as the server does.
import assert from 'node:assert/strict'
import Kitsu from 'kitsu'
import { api, authorization, collection, fails, user } from './home.mjs'

for (const settings of [{}, { pluralize: false, camelCaseTypes: false, resourceCase: 'none' }]) {
  const kitsu = new Kitsu({ baseURL: api, headers: { Authorization: authorization }, ...settings })
  const before = await kitsu.get(collection)
  assert.equal(before.data[0].is_default, true)
  assert.equal(before.meta.count, before.data.length)

  const made = await kitsu.create(collection, { name: 'Kitsu', age_limit: 16 })
  assert.equal(made.data.type, 'UserProfile')
  assert.equal(made.data.name, 'Kitsu')
  assert.equal(made.data.user_id, Number(user))
  assert.deepEqual(made.data.user, { data: { id: user, type: 'User' } })
  const id = made.data.id

  const changed = await kitsu.update(collection, { id, name: 'Kitsune' }, { headers: { 'If-Match': '"1"' } })
  assert.equal(changed.data.name, 'Kitsune')
  assert.equal(changed.data.age_limit, 16)
  const stale = await fails(kitsu.update(collection, { id, name: 'x' }, { headers: { 'If-Match': '"1"' } }))
  assert.equal(stale.errors[0].code, 'version_mismatch')

  const sparse = await kitsu.get(`${collection}/${id}`, { params: { fields: { UserProfile: 'name,is_default' } } })
  assert.deepEqual(Object.keys(sparse.data).sort(), ['id', 'is_default', 'links', 'meta', 'name', 'type'])
  const page = await kitsu.get(collection, { params: { sort: '-name', page: { size: 1, number: 1 } } })
  assert.equal(page.data.length, 1)
  assert(page.links.next && !page.links.prev)

  const taken = await fails(kitsu.create(collection, { name: ' KITSUNE ' }))
  assert.equal(taken.errors[0].code, 'profile_name_taken')
  assert.equal(taken.errors[0].source.pointer, '/data/attributes/name')
  await kitsu.delete(collection, id)
  const gone = await fails(kitsu.get(`${collection}/${id}`))
  assert.equal(gone.errors[0].status, '404')
  assert.equal((await kitsu.get(collection)).data.length, before.data.length)
}
