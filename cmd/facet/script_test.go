package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"facet": main}) }

// TestScripts runs testdata/*.txtar. Beside the usual commands they have:
//
//	start NAME ARG…    runs facet ARG… until it serves, sets $NAME to its address
//	stop NAME          sends SIGTERM and waits; the exit code must be 0; its output becomes stdout and stderr
//	wait_for NAME      the same without the signal
//	crash NAME         sends SIGKILL and waits
//	terminate NAME     sends SIGTERM and waits until it drains
//	post NAME PATH     begins a POST of two bytes, and waits until a handler reads its body
//	finish             sends the rest of it, and prints the answer
//	get URL [TOKEN]    prints the body of an answer, and its status
//	login VAR URL USERNAME FILE
//	                   signs in with the password of the file, sets $VAR to the token
//	occupy VAR         binds a loopback port and sets $VAR to its address
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "stop": stop, "wait_for": waitFor, "crash": crash, "terminate": terminate,
			"post": post, "finish": finish, "get": get, "login": login, "occupy": occupy,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("TMPDIR", filepath.Join(env.WorkDir, "tmp"))
			env.Values[processes{}] = map[string]*process{}
			env.Values[posting{}] = &pending{}
			return os.Mkdir(filepath.Join(env.WorkDir, "tmp"), 0o700)
		},
		RequireExplicitExec: true,
	})
}

type (
	processes struct{}
	posting   struct{}
)

// process is a server that a script started.
type process struct {
	cmd      *exec.Cmd
	gone     chan struct{} // closed when it has ended
	out, err lines
}

// lines keeps output and tells of lines.
type lines struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed and renewed with every write
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.grown)
	l.grown = make(chan struct{})
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait returns the output once it has the text, or false when gone is closed.
func (l *lines) wait(text string, gone <-chan struct{}) (string, bool) {
	for {
		l.mu.Lock()
		grown := l.grown
		l.mu.Unlock()
		if out := l.String(); strings.Contains(out, text) {
			return out, true
		}
		select {
		case <-grown:
		case <-gone:
			return l.String(), false
		}
	}
}

func start(ts *testscript.TestScript, _ bool, args []string) {
	name := args[0]
	bin, err := exec.LookPath(filepath.Join(binDir(ts), "facet"))
	ts.Check(err)
	p := &process{cmd: exec.Command(bin, args[1:]...), gone: make(chan struct{})}
	p.out.grown, p.err.grown = make(chan struct{}), make(chan struct{})
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = ts.Getenv("WORK"), &p.out, &p.err
	for _, v := range []string{"PATH", "HOME", "TMPDIR", "FACET_LISTEN", "FACET_DATA", "FACET_DATA_KEY", "FACET_LOG_LEVEL", "FACET_DEMO"} {
		if value := ts.Getenv(v); value != "" {
			p.cmd.Env = append(p.cmd.Env, v+"="+value)
		}
	}
	ts.Check(p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.gone)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.gone
	})
	out, ok := p.out.wait("\n", p.gone)
	if !ok {
		ts.Fatalf("%s ended: %s%s", name, out, p.err.String())
	}
	first, _, _ := strings.Cut(out, "\n")
	ts.Setenv(name, strings.TrimPrefix(first, "facet: serving on "))
	servers(ts)[name] = p
}

func servers(ts *testscript.TestScript) map[string]*process {
	return ts.Value(processes{}).(map[string]*process)
}

// binDir is where testscript put the commands.
func binDir(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, "facet")); err == nil {
			return dir
		}
	}
	return ""
}

func stop(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(servers(ts)[args[0]].cmd.Process.Signal(syscall.SIGTERM))
	waitFor(ts, neg, args)
}

func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	p := servers(ts)[args[0]]
	<-p.gone
	fmt.Fprint(ts.Stdout(), p.out.String())
	fmt.Fprint(ts.Stderr(), p.err.String())
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		ts.Fatalf("exit code %d: %s", code, p.err.String())
	}
}

func crash(ts *testscript.TestScript, _ bool, args []string) {
	p := servers(ts)[args[0]]
	ts.Check(p.cmd.Process.Kill())
	<-p.gone
}

func terminate(ts *testscript.TestScript, _ bool, args []string) {
	p := servers(ts)[args[0]]
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	if out, ok := p.err.wait(`"draining"`, p.gone); !ok {
		ts.Fatalf("it ended: %s", out)
	}
}

// pending is a POST whose body is not sent yet.
type pending struct {
	conn net.Conn
	in   *bufio.Reader
}

// post asks for "100 Continue" (RFC 9110, section 10.1.1), which the server
// sends when a handler begins to read the body.
func post(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(ts.Getenv(args[0]), "http://"))
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", args[1])
	ts.Check(err)
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	ts.Check(err)
	if !strings.Contains(line, " 100 ") {
		ts.Fatalf("got %q", line)
	}
	_, err = in.ReadString('\n')
	ts.Check(err)
	*ts.Value(posting{}).(*pending) = pending{conn, in}
}

func finish(ts *testscript.TestScript, _ bool, _ []string) {
	p := ts.Value(posting{}).(*pending)
	_, err := io.WriteString(p.conn, "{}")
	ts.Check(err)
	res, err := http.ReadResponse(p.in, nil)
	ts.Check(err)
	show(ts, res)
}

func get(ts *testscript.TestScript, _ bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, args[0], http.NoBody)
	ts.Check(err)
	if len(args) > 1 {
		req.Header.Set("Authorization", "Bearer "+args[1])
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	show(ts, res)
}

func login(ts *testscript.TestScript, _ bool, args []string) {
	body, err := json.Marshal(map[string]string{"username": args[2], "password": strings.TrimSpace(ts.ReadFile(args[3]))})
	ts.Check(err)
	res, err := http.Post(args[1]+"/api/auth", "application/json", bytes.NewReader(body))
	ts.Check(err)
	defer res.Body.Close()
	var answer struct{ Token string }
	ts.Check(json.NewDecoder(res.Body).Decode(&answer))
	if answer.Token == "" {
		ts.Fatalf("%s: no token", res.Status)
	}
	ts.Setenv(args[0], answer.Token)
}

func show(ts *testscript.TestScript, res *http.Response) {
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n%s\n", res.Status, b)
}

func occupy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}
