package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// job is what the generator is told to send: whole requests made beforehand,
// as HTTP/1.1 text, over persistent connections, one at a time on each.
type job struct {
	Address     string
	Connections int
	Warm        time.Duration // at the beginning, not counted
	Measure     time.Duration // then counted; 0: until Requests are answered
	Requests    int
	Head        string   // request line and headers, the empty line included
	Bodies      []string // sent one after the other, each connection from a place of its own
	Parts       []string // or: one body whose parts are joined by a number that counts up
	First       int64    // that number
	Status      int      // of every right answer
	Suffix      string   // of every right answer's body
	Rows        int      // records that one request makes; 0 is 1
	Busy        bool     // 429 and 503 are right too: the connection then waits as Retry-After says
}

// digits is how many a counted number has, so that all bodies are of one size.
const digits = 8

// longest is what a job may take, whatever it is told to do.
const longest = 10 * time.Minute

// result is what came of a job.
type result struct {
	Count   int // answers in the measured time
	Total   int // answers with those of the warm-up
	Took    time.Duration
	Latency *histogram
	Busy    int    // answers that said so, besides those counted
	Err     string // an answer that was not right, or a failed connection
}

// generate does the jobs of in, one JSON value each, until it ends.
func generate(in io.Reader, out io.Writer) error {
	dec, enc := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var j job
		if err := dec.Decode(&j); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := enc.Encode(j.run()); err != nil {
			return err
		}
	}
}

// run does one job.
func (j job) run() result {
	out := result{Latency: &histogram{}}
	clients := make([]*client, j.Connections)
	for i := range clients {
		conn, err := net.Dial("tcp", j.Address)
		if err != nil {
			out.Err = err.Error()
			return out
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(longest)); err != nil {
			out.Err = err.Error()
			return out
		}
		clients[i] = &client{job: &j, conn: conn, place: i * len(j.Bodies) / j.Connections, in: make([]byte, 16<<10)}
	}
	var next atomic.Int64
	next.Store(j.First)
	begin := time.Now()
	from := begin.Add(j.Warm)
	until := from.Add(j.Measure)
	last := j.First + int64(j.Requests)
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			now := time.Now()
			for c.err == nil && (j.Requests > 0 || now.Before(until)) {
				n := next.Add(1) - 1
				if j.Requests > 0 && n >= last {
					return
				}
				c.exchange(n)
				done := time.Now()
				if c.wait > 0 { // the server is busy, and says for how long
					c.busy++
					time.Sleep(min(c.wait, max(until.Sub(done), 0)))
					now = time.Now()
					continue
				}
				c.total++
				if !now.Before(from) {
					c.latency.add(done.Sub(now))
					c.count++
				}
				now = done
			}
		})
	}
	wg.Wait()
	out.Took = time.Since(begin) - j.Warm
	for _, c := range clients {
		out.Count += c.count
		out.Total += c.total
		out.Busy += c.busy
		out.Latency.merge(&c.latency)
		if c.err != nil {
			out.Err = c.err.Error()
		}
	}
	return out
}

// client is one connection. It knows just what our own servers answer with:
// HTTP/1.1 and a Content-Length.
type client struct {
	job     *job
	conn    net.Conn
	place   int
	out, in []byte
	count   int
	total   int
	latency histogram
	busy    int
	wait    time.Duration // that the last answer asked for
	err     error
}

// exchange sends the n-th request and reads its answer.
func (c *client) exchange(n int64) {
	c.out = append(c.out[:0], c.job.Head...)
	if len(c.job.Bodies) > 0 {
		c.out = append(c.out, c.job.Bodies[c.place]...)
		c.place = (c.place + 1) % len(c.job.Bodies)
	}
	for i, part := range c.job.Parts {
		if i > 0 {
			c.out = appendCounted(c.out, n)
		}
		c.out = append(c.out, part...)
	}
	if _, c.err = c.conn.Write(c.out); c.err != nil {
		return
	}
	got := 0
	for {
		if got == len(c.in) {
			c.in = append(c.in, make([]byte, len(c.in))...)
		}
		m, err := c.conn.Read(c.in[got:])
		if c.err = err; err != nil {
			return
		}
		got += m
		body, size, ok := parseHead(c.in[:got])
		if !ok || got < body+size {
			continue
		}
		status, _ := strconv.Atoi(string(c.in[len("HTTP/1.1 "):][:3]))
		if c.wait = 0; c.job.Busy && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
			c.wait = retryAfter(c.in[:body])
			return
		}
		if status != c.job.Status || !bytes.HasSuffix(c.in[:got], []byte(c.job.Suffix)) {
			c.err = fmt.Errorf("an answer was not right: %.500s", c.in[:got])
		}
		return
	}
}

// appendCounted appends a number with all its digits.
func appendCounted(b []byte, n int64) []byte {
	from := len(b)
	b = append(b, "00000000"[:digits]...)
	for i := len(b) - 1; i >= from && n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// parseHead finds where the body of an answer begins and how long it is; false
// while the head is not all there.
func parseHead(b []byte) (body, size int, ok bool) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, 0, false
	}
	return end + 4, numberIn(b[:end+2], "Content-Length"), true
}

// numberIn reads a header's number; 0 when it is not there.
func numberIn(head []byte, name string) (n int) {
	_, rest, _ := bytes.Cut(head, []byte("\r\n"+name+": "))
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// retryAfter is how long a busy server wants to be left alone: a second where it
// does not say.
func retryAfter(head []byte) time.Duration {
	return time.Duration(max(numberIn(head, "Retry-After"), 1)) * time.Second
}

// generator is the second process.
type generator struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	enc *json.Encoder
	dec *json.Decoder
}

// startGenerator runs this binary again as the generator.
func startGenerator(ctx context.Context) (*generator, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := &generator{cmd: exec.CommandContext(ctx, self, "-generator")}
	g.cmd.Stderr = os.Stderr
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.enc, g.dec = json.NewEncoder(g.in), json.NewDecoder(bufio.NewReader(out))
	return g, g.cmd.Start()
}

// do has a job done.
func (g *generator) do(j job) (result, error) {
	var r result
	if err := g.enc.Encode(j); err != nil {
		return r, err
	}
	if err := g.dec.Decode(&r); err != nil {
		return r, err
	}
	if r.Err != "" {
		return r, errors.New(r.Err)
	}
	return r, nil
}

func (g *generator) stop() {
	_ = g.in.Close()
	_ = g.cmd.Wait() // it ends when its input does
}
