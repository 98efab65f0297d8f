// Verifies messages of webhooks with the published library: one JSON object a
// line, with the headers and the body. The secret is the first argument.
import { createInterface } from 'node:readline'
import { Webhook } from 'standardwebhooks'

const webhook = new Webhook(process.argv[2])
let count = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { body, ...headers } = JSON.parse(line)
  const payload = webhook.verify(body, headers)
  if (!payload.type || !payload.timestamp || !payload.data) {
    throw new Error(`no payload of Standard Webhooks: ${body}`)
  }
  let refused = false
  try {
    webhook.verify(body + ' ', headers)
  } catch {
    refused = true
  }
  if (!refused) {
    throw new Error('another body is verified too')
  }
  count++
}
if (count === 0) {
  throw new Error('nothing was received')
}
