// What the tests are given: the server's address, the number of an account, and
// a token of it.
import assert from 'node:assert/strict'

const [base, account, token] = process.argv.slice(2)
assert(base && account && token, 'usage: node TEST.mjs BASE ACCOUNT TOKEN')

export const api = base + '/api/users/v1'
export const collection = `users/${account}/user_profiles`
export const authorization = `Bearer ${token}`
export const user = account

// fails waits for a call to be refused, and gives the refusal.
export async function fails (call) {
  try {
    await call
  } catch (refusal) {
    return refusal
  }
  assert.fail('it was not refused')
}
