package docs_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"facet/internal/docs"
)

// small is a document of one operation, with a place for what a test is about.
func small(about string) fstest.MapFS {
	return fstest.MapFS{"small.yaml": {Data: []byte("openapi: 3.1.0\ninfo: {title: Small, version: \"2\"}\n" + about)}}
}

// page is the text of the document's page, its white space made single.
func page(t *testing.T, about string) string {
	t.Helper()
	return strings.Join(strings.Fields(get(t, newPages(t, small(about)), "small").Body.String()), " ")
}

func TestTextIsEscapedWhereverItStands(t *testing.T) {
	const evil = `"<script>alert(1)</script><img src=x onerror=alert(1)>"`
	html := page(t, strings.ReplaceAll(`tags: [{name: t, description: EVIL}]
servers: [{url: EVIL, description: EVIL}]
paths:
  /a/{EVIL}:
    get:
      tags: [EVIL]
      operationId: EVIL
      summary: EVIL
      description: "- EVIL"
      x-permission: [EVIL]
      parameters: [{name: EVIL, in: query, description: EVIL, example: EVIL, schema: {type: EVIL, enum: [EVIL], pattern: EVIL}}]
      requestBody: {description: EVIL, content: {EVIL: {schema: {properties: {EVIL: {const: EVIL}}}, examples: {EVIL: {value: {EVIL: EVIL}}}}}}
      responses: {"200": {description: EVIL, headers: {EVIL: {schema: {format: EVIL}}}}, EVIL: {description: EVIL}}
components:
  securitySchemes: {EVIL: {type: http, scheme: EVIL, description: EVIL}}
  schemas: {EVIL: {description: EVIL, default: EVIL, examples: [EVIL]}}
`, "EVIL", strings.Trim(evil, `"`)))
	for _, e := range tags(t, html) {
		if name := e.Name.Local; name == "script" || name == "img" {
			t.Errorf("an element %s came through", name)
		}
	}
	if n := strings.Count(html, "&lt;script&gt;alert(1)&lt;/script&gt;"); n < 20 {
		t.Errorf("the text is shown %d times", n)
	}
}

func TestShapes(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{"{type: string}", `<p class="type">string</p>`},
		{"{type: [string, \"null\"]}", `<p class="type">string or null</p>`},
		{"{type: [object, array, string, number, boolean, \"null\"]}", `<p class="type">any JSON</p>`},
		{"{}", `<p class="type">any JSON</p>`},
		{"{type: integer, format: int64, minimum: 1, maximum: 9, default: 3}", `<p class="type">integer (int64)</p> <ul class="facts"><li>default <code>3</code></li><li>at least <code>1</code></li><li>at most <code>9</code></li></ul>`},
		{"{type: string, maxLength: 254, pattern: '^a$'}", `<li>matches <code>^a$</code></li><li>at most <code>254</code> characters</li>`},
		{"{type: string, minLength: 1, maxLength: 254}", `<code>1–254</code> characters</li>`},
		{"{type: array, minItems: 1}", `<li>at least <code>1</code> element</li>`},
		{"{type: array, minItems: 2, maxItems: 2, prefixItems: [{type: string}, {$ref: '#/components/schemas/B'}]}", `array of (string, <a href="#schema-B">B</a>)</p> <ul class="facts"><li>exactly <code>2</code> elements</li>`},
		{"{enum: [a, \"\", 1, null]}", `<li>one of <code>a</code> <code>&#34;&#34;</code> <code>1</code> <code>null</code></li>`},
		{"{const: ok}", `<p class="type">string</p> <ul class="facts"><li>always <code>ok</code></li></ul>`},
		{"{type: string, contentMediaType: application/json}", `string (application/json)`},
		{"{type: string, description: 'a `code` and a ` tick', examples: [x, y]}", "<p>a <code>code</code> and a ` tick</p><p class=\"for-example\"><span>for example</span> <code>x</code> <code>y</code></p>"},
		{"{type: array, items: {$ref: '#/components/schemas/B'}}", `<p class="type">array of <a href="#schema-B">B</a></p>`},
		{"{type: array, items: {type: [string, integer], maxLength: 3}}", `array of (string or integer)</p> <ul class="facts"><li>each at most <code>3</code> characters`},
		{"{type: object, additionalProperties: {type: string}}", `object of string</p>`},
		{"{oneOf: [{$ref: '#/components/schemas/B'}, {type: \"null\"}]}", `<a href="#schema-B">B</a> or null</p>`},
		{"{type: object, required: [x], additionalProperties: false, properties: {x: {type: boolean, deprecated: true}}}",
			`<dt><code>x</code> <em class="required">required</em> <em class="deprecated">deprecated</em> <span class="type">boolean</span></dt>`},
		{"{type: object, additionalProperties: false, properties: {x: {}}}", `No other fields.`},
		{"{properties: {x: {properties: {y: {type: string}}}}}", `<dt><code>y</code> <span class="type">string</span></dt>`},
		{"{properties: {x: {}}, additionalProperties: {type: number}}", `<i>any other name</i> <span class="type">number</span>`},
		{"{patternProperties: {'^x-': {type: number}}}", `name matches <code>^x-</code>`},
		{"{allOf: [{$ref: '#/components/schemas/B'}, {required: [b], properties: {c: {}}}], required: [c]}",
			`<a href="#schema-B">B</a> and more</p> <dl class="fields"> <div><dt><code>b</code>`},
		{"{anyOf: [{properties: {x: {}}}, {type: array, items: {properties: {y: {}}}}]}", `<p class="type"><span>if</span> array of object</p><dl class="fields"> <div><dt><code>y</code>`},
		{"{type: array, prefixItems: [{type: string}, {type: integer, description: seconds}]}", `<dt><code>[1]</code> <span class="type">integer</span></dt> <dd><p>seconds</p>`},
		{"{type: string, readOnly: true, format: date}", `string (date)</p> <ul class="facts"><li>only in answers</li>`},
	} {
		html := page(t, "components: {schemas: {A: "+c.schema+", B: {properties: {b: {type: string}}}}}")
		if !strings.Contains(html, c.want) {
			_, html, _ = strings.Cut(html, `id="schema-A"`)
			t.Errorf("%s:\n%s\nwant %s", c.schema, html, c.want)
		}
	}
}

func TestOperationsAreToldInTheDocumentsOrderUnderTagOrPath(t *testing.T) {
	html := page(t, `tags: [{name: Last, description: what is last}]
security: [{key: []}]
paths:
  /api/b.two: {post: {responses: {}}}
  /a: {get: {summary: Second, x-permission: profile-read, deprecated: true, security: [{}, {key: [], other: []}], responses: {}}}
  /api/b/{id}:
    parameters: [{name: id, in: path, required: true, description: of the path}]
    put: {parameters: [{name: id, in: path, required: true, description: of the operation}, {name: o, in: query}], responses: {}}
  /z: {get: {tags: [Last], responses: {}}}
components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, other: {type: http, scheme: bearer, bearerFormat: JWT}}}
`)
	at := 0
	for _, want := range []string{
		`<h2>/api/b `, `<article class="operation" id="op-post-api-b.two"`, `<span>Credentials</span> <a href="#auth-key">key</a></li>`,
		`id="op-put-api-b-id"`, `<code>/api/b/<var>{id}</var></code>`, `of the operation`, `In the query`,
		`<h2>/a `, `Second`, `deprecated</em>`, `none <span>or</span> <a href="#auth-key">key</a> <span>with</span> <a href="#auth-other">other</a>`,
		`<span>Permission</span> <code>profile-read</code>`,
		`<h2>Last `, `<p>what is last</p>`, `GET /z`,
	} {
		i := strings.Index(html[at:], want)
		if i < 0 {
			t.Fatalf("%s is not told, or not in its place:\n%s", want, html[at:])
		}
		at += i
	}
	if strings.Contains(html, "of the path") {
		t.Error("an operation's parameter does not replace its path's")
	}
}

func TestExamplesAndMediaTypesOfOneSchemaAreToldOnce(t *testing.T) {
	html := page(t, `paths:
  /a:
    post:
      requestBody: {content: {application/json: &same {schema: {type: object}, example: {b: 1, a: "<"}}, text/plain: *same, image/png: {}}}
      responses: {"201": {description: Made, headers: {Location: {schema: {type: string}}}}, 4XX: {$ref: "#/components/responses/No"}, default: {description: Else}}
components: {responses: {No: {description: Refused}}}
`)
	for _, want := range []string{
		`as <code>application/json</code>, <code>text/plain</code>`, `<code>{ &#34;b&#34;: 1, &#34;a&#34;: &#34;&lt;&#34; }</code>`, `<code>image/png</code>`,
		`<em class="optional">optional</em>`, `201</b> <span class="what">Made</span> <span class="phrase">Created</span>`, `<code>Location</code>`,
		`4XX</b> <span class="what">Refused</span></p>`, `any other status`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not told:\n%s", want, html)
		}
	}
}

func TestAMergedObjectKeepsItsOwnValues(t *testing.T) {
	text := get(t, newPages(t, small("x-a: &a {p: 1, q: 2018-01-01}\nx-b: {<<: *a, p: 2, r: 1.50, s: 0x10, t: ~}\n")), "small.json").Body.String()
	if !strings.Contains(strings.Join(strings.Fields(text), ""), `"x-b":{"p":2,"r":1.5,"s":16,"t":null,"q":"2018-01-01"}`) {
		t.Error(text)
	}
}

func TestBadDocumentsAreErrors(t *testing.T) {
	for about, want := range map[string]string{
		"a: [":       "yaml",
		"a: &a [*a]": "",
		"<<: 1":      "merge",
		"paths: {/a: {get: {responses: {\"200\": {$ref: \"#/components/responses/No\"}}}}}":          "leads nowhere",
		"components: {schemas: {A: {$ref: \"other.yaml#/A\"}}}":                                      "leads nowhere",
		"paths: {/a: {get: {operationId: x}, put: {operationId: x}}}":                                "anchor",
		"components: {schemas: {A: {allOf: [{$ref: \"#/components/schemas/A\"}]}}}":                  "deeper",
		"components: {schemas: {A: {$ref: \"#/components/schemas/A\"}}}":                             "circle",
		"components: {schemas: {A: " + strings.Repeat("{not: ", 99) + strings.Repeat("}", 99) + "}}": "deeper",
	} {
		if _, err := docs.New(small(about)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "docs: small.yaml: ") {
			t.Errorf("%s: %v, want %s", about, err, want)
		}
	}
	for name, text := range map[string]string{"empty": "", "list": "[1]", "text": "x"} {
		if _, err := docs.New(fstest.MapFS{"small.yaml": {Data: []byte(text)}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
