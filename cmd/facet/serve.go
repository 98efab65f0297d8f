package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/internal/config"
	"facet/internal/console"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/appdata"
	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/face/household"
	"facet/internal/face/own"
	"facet/internal/jobs"
	"facet/internal/mail"
	"facet/internal/media"
	"facet/internal/resolve"
	"facet/internal/server"
	"facet/internal/sms"
	"facet/internal/store"
	"facet/internal/webhook"
)

type serveCommand struct {
	dataFlags
	Replica       []string       `env:"FACET_REPLICA" sep:" " placeholder:"URL" help:"Streaming standby of the --database, postgres://USER@HOST/NAME, to read from; may be repeated (in FACET_REPLICA, separated by spaces)."`
	Listen        string         `env:"FACET_LISTEN" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on (${default})."`
	MetricsListen string         `env:"FACET_METRICS_LISTEN" placeholder:"ADDR" help:"Address of /metrics; without it there is none."`
	Demo          bool           `env:"FACET_DEMO" help:"Serve the demo site: public passwords, a fresh folder unless --data names one."`
	Mail          string         `env:"FACET_MAIL" placeholder:"URL" help:"Mail server, such as smtp://user:password@host:587, or folder:DIR. Without it mail waits."`
	SMS           string         `name:"sms" env:"FACET_SMS" placeholder:"URL" help:"Where text messages to phones go: folder:DIR. Without it phones get no codes."`
	DNS           string         `name:"dns" env:"FACET_DNS" placeholder:"SERVER" help:"DNS server that is asked whether the domains people register with lead here: system, or an address such as 192.0.2.53:53. Without it nobody is asked."`
	LocalAddress  []string       `env:"FACET_LOCAL_ADDRESS" placeholder:"ADDR" help:"Address of this server as others reach it: IP address or host name; may be repeated, --dns needs one."`
	LoginRate     *int           `env:"FACET_LOGIN_RATE" placeholder:"N" help:"Tries a minute to sign in, register or have a code sent, from one address (60; the demo 6000); half as many at once. 0: no bound."`
	TrustedProxy  []netip.Prefix `env:"FACET_TRUSTED_PROXY" default:"127.0.0.0/8,::1/128" placeholder:"CIDR" help:"Proxies that append the client's address to X-Forwarded-For; may be repeated (${default})."`
	WebhookAllow  []netip.Prefix `env:"FACET_WEBHOOK_ALLOW" placeholder:"CIDR" help:"Addresses that are not public and that webhooks may be sent to all the same, also without TLS; may be repeated."`
	LogLevel      string         `env:"FACET_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error (${default})."`
}

// Run serves until a signal. The sockets are bound first: a port in use leaves
// no trace in the data folder.
func (c serveCommand) Run(ctx context.Context, io streams) (err error) {
	data := c.config()
	data.Replicas = c.Replica
	if err := data.Check(); err != nil {
		return usageError{err}
	}
	sender, err := c.sender()
	if err != nil {
		return usageError{err}
	}
	texts, err := c.texts()
	if err != nil {
		return usageError{err}
	}
	data.SMS = texts != nil || c.Demo
	data.Webhooks.Allow = c.WebhookAllow
	if err := c.reachedAt(&data); err != nil {
		return usageError{err}
	}
	if c.LoginRate != nil && *c.LoginRate < 0 {
		return usageError{errors.New("--login-rate is a number of tries a minute, 0 for no bound")}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return usageError{err}
	}
	server.TuneGC()
	log, flush := server.NewLog(io.Err, level)
	defer flush()

	on, err := c.bind()
	if err != nil {
		return err
	}
	defer on.close()
	if c.Demo && c.Data == "" && c.Database == "" {
		temporary, err := os.MkdirTemp("", "facet-demo-")
		if err != nil {
			return fmt.Errorf("the demo's folder cannot be made: %w", err)
		}
		defer os.RemoveAll(temporary)
		data.Dir = filepath.Join(temporary, "data")
	}
	in, err := data.Open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()

	if err := checkFiles(ctx, in.Files); err != nil {
		return err
	}
	address := "http://" + reachable(on.API.Addr())
	lines, err := c.prepare(ctx, in, address)
	if err != nil {
		return err
	}
	if c.Demo && sender == nil {
		folder := &mail.Folder{Dir: filepath.Join(in.Dir, "mail")}
		lines = append(lines, "mail is written to "+folder.Dir)
		sender = folder
	}
	if c.Demo && texts == nil {
		folder := &sms.Folder{Dir: filepath.Join(in.Dir, "sms")}
		lines = append(lines, "text messages to phones are written to "+folder.Dir)
		texts = folder
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(in)
	srv, err := server.New(server.Config{
		Directory: in.Directory, Log: log, Metrics: metrics, Version: buildVersion().Version,
		Starts: c.starts(), Proxies: c.TrustedProxy, Store: sizeOf(in.Store),
		Faces: []face.Face{djaoapp.New(), entity.New(), cloudillo.New(), household.New(), appdata.New(), own.New()},
	})
	if err != nil {
		return err
	}
	stopJobs := work(ctx, in, sender, texts, log)
	defer stopJobs()
	stopDeliveries := deliver(ctx, in, data.Webhooks, metrics, log)
	defer stopDeliveries()

	fmt.Fprintf(io.Out, "facet: serving on %s\n", address)
	for _, line := range lines {
		fmt.Fprintln(io.Out, line)
	}
	log.Info("serving", "address", on.API.Addr().String(), "version", buildVersion().Version)
	return srv.Run(ctx, on.Listeners)
}

// sizeOf tells the console how large the store is, where that is known.
func sizeOf(s store.Store) func(context.Context) (console.StoreFacts, error) {
	sized, ok := s.(interface {
		Size(context.Context) (int64, error)
	})
	if !ok {
		return nil
	}
	return func(ctx context.Context) (console.StoreFacts, error) {
		n, err := sized.Size(ctx)
		return console.StoreFacts{Bytes: n}, err
	}
}

// maxLocal is the most addresses of a server: each host name is asked for
// whenever a domain is verified.
const maxLocal = 16

// reachedAt reads --dns and --local-address.
func (c serveCommand) reachedAt(data *config.Data) error {
	if len(c.LocalAddress) > maxLocal {
		return fmt.Errorf("--local-address: %d at most", maxLocal)
	}
	for _, address := range c.LocalAddress {
		if _, err := netip.ParseAddr(address); err != nil && !directory.IsAppDomain(address) {
			return fmt.Errorf("--local-address: %q is neither an IP address nor a host name", address)
		}
	}
	data.LocalAddresses = c.LocalAddress
	if c.DNS == "" {
		return nil
	}
	if len(c.LocalAddress) == 0 {
		return errors.New("--dns needs --local-address, to know where domains have to lead")
	}
	dns, err := resolve.New(c.DNS)
	if err != nil {
		return fmt.Errorf("--dns: %w", err)
	}
	data.Resolver = dns
	return nil
}

// checkFiles asks a storage on the network whether it can be used.
func checkFiles(ctx context.Context, files media.Files) error {
	bucket, remote := files.(*media.Bucket)
	if !remote {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, media.CheckWithin)
	defer stop()
	if err := bucket.Check(ctx); err != nil {
		return fmt.Errorf("--blobs: %w", err)
	}
	return nil
}

// starts is how often an address may try to sign in.
func (c serveCommand) starts() server.Rate {
	switch {
	case c.LoginRate != nil:
		return server.Rate{PerMinute: *c.LoginRate}
	case c.Demo:
		return server.Rate{PerMinute: 6000}
	default:
		return server.Rate{PerMinute: 60}
	}
}

// sender reads --mail: nil when there is none.
func (c serveCommand) sender() (mail.Sender, error) {
	if c.Mail == "" {
		return nil, nil
	}
	return mail.ParseURL(c.Mail)
}

// texts reads --sms: nil when there is none.
func (c serveCommand) texts() (sms.Sender, error) {
	if c.SMS == "" {
		return nil, nil
	}
	return sms.ParseURL(c.SMS)
}

// prepare seeds the demo and gives the lines to print.
func (c serveCommand) prepare(ctx context.Context, in *config.Installation, address string) ([]string, error) {
	if !c.Demo {
		sites, err := in.Directory.Sites(ctx)
		if err == nil && len(sites) == 0 {
			return []string{"there is no site yet: stop this and run facet site add NAME --domain DOMAIN"}, nil
		}
		return nil, err
	}
	holds, err := in.Directory.HoldsRealSite(ctx)
	if err != nil {
		return nil, err
	}
	if holds {
		return nil, fmt.Errorf("the data folder %s holds a real site: the demo, whose passwords are public, needs a folder of its own", in.Dir)
	}
	credentials, err := in.Directory.SeedDemo(ctx, address)
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(credentials))
	for _, l := range credentials {
		lines = append(lines, "demo only: "+l)
	}
	return lines, nil
}

// work starts the jobs worker; stop ends it and waits. Without a sender mail
// stays in the store until a server with one starts.
func work(ctx context.Context, in *config.Installation, sender mail.Sender, texts sms.Sender, log *slog.Logger) (stop func()) {
	handlers := map[string]jobs.Handler{store.BlobJob: jobs.Blob(in.Directory), directory.ExpiryJob: jobs.Expiry(in.Directory),
		directory.RoleSweepJob: jobs.RoleSweep(in.Directory), directory.TypeJob: jobs.EntityType(in.Directory), directory.EraseSweepJob: jobs.EraseSweep(in.Directory),
		directory.DocumentSweepJob: jobs.DocumentSweep(in.Directory), directory.ForgetMailJob: jobs.ForgetMail(sender),
		directory.MoveJob: jobs.Move(in.Directory)}
	if texts != nil {
		handlers[directory.SMSJob] = jobs.SMS(texts)
	}
	if sender == nil {
		log.Warn("no --mail is set: messages wait in the store")
	} else {
		handlers[directory.MailJob] = jobs.Mail(sender)
	}
	worker := jobs.New(jobs.Config{System: in.Store.System(), Log: log, Handlers: handlers})
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it works on while requests drain
	var running sync.WaitGroup
	running.Go(func() { worker.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// How often feeds are looked at for webhooks, and what is kept no longer goes.
const (
	takeUpEvery = 500 * time.Millisecond
	pruneEvery  = time.Hour
)

// deliver starts what sends events to webhooks, and what drops those that are
// kept no longer; stop ends both and waits.
func deliver(ctx context.Context, in *config.Installation, reach webhook.Filter, metrics prometheus.Registerer, log *slog.Logger) (stop func()) {
	deliverer := jobs.NewDeliverer(in.Directory, webhook.NewSender(webhook.Config{Filter: reach, Version: buildVersion().Version}), metrics)
	worker := jobs.New(jobs.Config{System: in.Store.System(), Log: log, Lane: store.Delivery, AtOnce: jobs.DeliveriesAtOnce, Lease: jobs.DeliveryLease,
		Handlers: map[string]jobs.Handler{directory.DeliveryJob: deliverer.Handle}})
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { worker.Run(ctx) })
	running.Go(func() {
		deliverer.TakeUp(ctx, takeUpEvery, func(err error) { log.Error("events cannot be taken up for webhooks", "error", err) })
	})
	running.Go(func() {
		jobs.Every(ctx, pruneEvery, func(ctx context.Context) {
			n, err := in.Directory.Prune(ctx)
			if err != nil && ctx.Err() == nil {
				log.Error("history cannot be pruned", "error", err)
			}
			if n > 0 {
				log.Info("history pruned", "events", n)
			}
		})
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// sockets are the bound listeners.
type sockets struct{ server.Listeners }

func (s sockets) close() {
	_ = s.API.Close()
	if s.Metrics != nil {
		_ = s.Metrics.Close()
	}
}

func (c serveCommand) bind() (on sockets, err error) {
	if on.API, err = listen("--listen", c.Listen); err != nil {
		return on, err
	}
	if c.MetricsListen != "" {
		if on.Metrics, err = listen("--metrics-listen", c.MetricsListen); err != nil {
			_ = on.API.Close()
		}
	}
	return on, err
}

func listen(flag, address string) (net.Listener, error) {
	if address == "" { // would be any port of every network
		return nil, fmt.Errorf("%s is empty: it takes HOST:PORT, or :PORT for every network", flag)
	}
	l, err := net.Listen("tcp", address)
	var op *net.OpError
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: the port is in use by another process", flag, address)
	case errors.As(err, &op):
		err = op.Err
	}
	return nil, fmt.Errorf("%s %s: %w", flag, address, err)
}

// reachable is an address that a browser on this machine can open.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
