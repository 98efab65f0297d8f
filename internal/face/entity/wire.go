package entity

import (
	"net/http"
	"strconv"
	"sync"
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
