package entity

import (
	"net/http"
	"strconv"
	"sync"

	"facet/internal/schema"
)

// Answers are made as bytes in pooled buffers and sent in one write; only
// those of entity.find over chunk bytes leave in several.
const (
	chunk     = 64 << 10
	maxPooled = 256 << 10
)

var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 8<<10)
	return &b
}}

func takeBuffer() *[]byte {
	p := buffers.Get().(*[]byte)
	*p = (*p)[:0]
	return p
}

func giveBuffer(p *[]byte) {
	if cap(*p) <= maxPooled {
		buffers.Put(p)
	}
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
	okBody   = []byte(`{"stat":"ok"}`)
)

// setHeaders sets what every answer has.
func setHeaders(h http.Header) {
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
}

// send answers with a whole body. A client that is gone is no concern of ours.
func send(w http.ResponseWriter, body []byte) {
	h := w.Header()
	setHeaders(h)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body)
}

// sendResult answers {"result":…,"stat":"ok"}; render appends the result.
func sendResult(w http.ResponseWriter, render func(dst []byte) ([]byte, error)) error {
	p := takeBuffer()
	defer giveBuffer(p)
	b, err := render(append(*p, `{"result":`...))
	if err != nil {
		return err
	}
	*p = append(b, `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// sendText answers {"name":"value","stat":"ok"}.
func sendText(w http.ResponseWriter, name, value string) {
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(schema.AppendString(append(*p, '{'), name), ':')
	*p = append(schema.AppendString(b, value), `,"stat":"ok"}`...)
	send(w, *p)
}

// done answers {"stat":"ok"}, or gives the error.
func done(w http.ResponseWriter, err error) error {
	if err == nil {
		send(w, okBody)
	}
	return err
}

// appendStrings appends a JSON array of strings.
func appendStrings[T ~string](b []byte, list []T) []byte {
	b = append(b, '[')
	for _, v := range list {
		b = append(schema.AppendString(b, string(v)), ',')
	}
	return closeList(b)
}

// appendObject appends a JSON object with these keys.
func appendObject(b []byte, keys []string, value func(dst []byte, key string) []byte) []byte {
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = value(append(schema.AppendString(b, key), ':'), key)
	}
	return append(b, '}')
}
