// Package docs shows the faces' OpenAPI documents to people: a page for each
// document, an overview of them, and the documents themselves as YAML and as
// JSON. Everything is made once, of embedded files, and served from memory;
// the pages hold no script and load nothing but their own style sheet.
//
// A document goes this way: tree.go reads the YAML in its order, view.go and
// shape.go make of it what a page says, page/ is how that looks, docs.go
// serves it.
package docs
