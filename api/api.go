// Package api holds the published contract: one OpenAPI 3.1 document per face,
// named after it. Tests hold the route tables against them.
package api

import "embed"

// Files are the documents: djaoapp.yaml, entity.yaml …
//
//go:embed *.yaml
var Files embed.FS
