package e2e_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"facet/internal/facetest"
)

// patience is how long a process gets to start, and to end.
const patience = 20 * time.Second

// instance is a running facet. Its Service has only the calls.
type instance struct {
	*facetest.Service
	Log *facetest.Buffer // what it wrote to stderr; all of it once it has ended
	Dir string           // for what the test needs: a folder of its own

	cmd    *exec.Cmd
	out    *facetest.Buffer // what it wrote to stdout
	exited chan struct{}
	once   sync.Once
	err    error // of Wait, once exited is closed
}

// demo starts a fresh demo site.
func demo(t testing.TB, args ...string) *instance {
	t.Helper()
	return serve(t, append([]string{"--demo"}, args...)...)
}

// serve starts facet serve on a free port and waits until it is ready. It is
// ended with SIGTERM, if the test did not end it, and must exit with 0.
func serve(t testing.TB, args ...string) *instance {
	t.Helper()
	in := &instance{Dir: t.TempDir(), Log: &facetest.Buffer{}, out: &facetest.Buffer{}, exited: make(chan struct{})}
	in.cmd = command(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	sameDatabase(in.Dir, in.cmd.Dir)
	in.cmd.Env = append(in.cmd.Env, "TMPDIR="+in.Dir)
	in.cmd.Stderr = in.Log
	read, write := io.Pipe()
	in.cmd.Stdout = io.MultiWriter(in.out, write)
	if err := in.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		in.err = in.cmd.Wait()
		_ = write.Close()
		close(in.exited)
	}()
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(read)
		for lines.Scan() {
			if at, ok := strings.CutPrefix(lines.Text(), "facet: serving on "); ok {
				address <- at
			}
		}
	}()
	t.Cleanup(func() { in.stop(t) })
	select {
	case in.Service = <-ready(address):
	case <-in.exited:
		t.Fatalf("facet %v ended at once: %v\n%s", args, in.err, in.Log)
	case <-time.After(patience):
		t.Fatalf("facet %v did not get ready\n%s", args, in.Log)
	}
	return in
}

// ready gives the service once it says that it can serve. The socket is bound
// when the address is printed, so that the first request waits for its answer.
func ready(address <-chan string) <-chan *facetest.Service {
	out := make(chan *facetest.Service, 1)
	go func() {
		s := &facetest.Service{URL: <-address}
		for {
			resp, err := (&http.Client{Timeout: patience}).Get(s.URL + "/readyz")
			if err != nil {
				return // it ended, which the caller sees
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				out <- s
				return
			}
		}
	}()
	return out
}

// stop ends the process as a supervisor does.
func (in *instance) stop(t testing.TB) {
	t.Helper()
	in.once.Do(func() {
		_ = in.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-in.exited:
			if in.err != nil {
				t.Errorf("after SIGTERM: %v\n%s", in.err, in.Log)
			}
		case <-time.After(patience):
			_ = in.cmd.Process.Kill()
			t.Errorf("facet did not end on SIGTERM\n%s", in.Log)
		}
	})
}

// kill ends the process as a power cut does.
func (in *instance) kill(t testing.TB) {
	t.Helper()
	in.once.Do(func() {
		_ = in.cmd.Process.Kill()
		<-in.exited
		if exit := (*exec.ExitError)(nil); !errors.As(in.err, &exit) {
			t.Fatalf("the process was to be killed: %v", in.err)
		}
	})
}

// command is a facet command without any setting of ours in its environment.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = t.TempDir()
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FACET_") && !strings.HasPrefix(v, "TMPDIR=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, databaseFor(t, cmd.Dir, args)...)
	return cmd
}

// facet runs a command to its end and gives what it printed.
func facet(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := command(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, failed strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		t.Fatalf("facet %v: %v\n%s", args, err, failed.String())
	}
	return out.String()
}

// folder is a data folder that does not exist yet.
func folder(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "data")
}

// The API client of the demo site, as the entity.create page prints it.
const (
	clientID     = "sgnyvus6pc4jm7khr2neq5gs89gbr2eq"
	clientSecret = "wt4c3un9wkkcfvyknqx44ync476afs68"
)

const formType = "application/x-www-form-urlencoded"

// client is one API client, calling one site by its host.
type client struct {
	*facetest.Service
	host, id, secret string // host "": that of the URL
}

// client calls with the printed credentials.
func (in *instance) client() client { return client{in.Service, "", clientID, clientSecret} }

// call posts an operation of the Entity API, with arguments by name.
func (c client) call(t testing.TB, operation string, pairs ...string) facetest.Answer {
	t.Helper()
	header := map[string]string{"Authorization": basic(c.id, c.secret)}
	if c.host != "" {
		header["Host"] = c.host
	}
	return c.Do(t, facetest.Call{Method: http.MethodPost, Path: "/" + operation, Type: formType, Body: form(pairs...), Header: header}).Want(http.StatusOK)
}

// ok is a call that must work.
func (c client) ok(t testing.TB, operation string, pairs ...string) facetest.Answer {
	t.Helper()
	a := c.call(t, operation, pairs...)
	if a.Text("stat") != "ok" {
		t.Fatalf("%s %v: %s", operation, pairs, a.Body)
	}
	return a
}

// fails is a call that must give an error of this code.
func (c client) fails(t testing.TB, code int, operation string, pairs ...string) {
	t.Helper()
	c.call(t, operation, pairs...).Is(map[string]any{"stat": "error", "code": code})
}

// form encodes name, value, name, value …
func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func basic(id, secret string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(id, secret)
	return r.Header.Get("Authorization")
}

// plus adds to a number of JSON.
func plus(t testing.TB, n string, more int) string {
	t.Helper()
	i, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(i + more)
}

// answerTo sends a request that a facetest.Call cannot be.
func answerTo(t testing.TB, req *http.Request) facetest.Answer {
	t.Helper()
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := facetest.AnswerOf(t, req.Method+" "+req.URL.Path, resp.StatusCode, raw)
	a.Header = resp.Header
	return a
}
