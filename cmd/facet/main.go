// Command facet is the profile server and the tool that sets it up: sites,
// operators, API clients, apps and registration tokens. Each subcommand has a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"facet/internal/config"
	"facet/internal/profile"
)

// commandLine is the whole command line.
type commandLine struct {
	Serve    serveCommand    `cmd:"" help:"Serve all sites of a data folder."`
	Site     siteCommand     `cmd:"" help:"Add and list sites."`
	Operator operatorCommand `cmd:"" help:"Add people who run a site."`
	Client   clientCommand   `cmd:"" help:"Add and list API clients of the entity API."`
	App      appCommand      `cmd:"" help:"Add and list apps that keep documents about people (Sentinel API)."`
	Issuer   issuerCommand   `cmd:"" help:"Take tokens of other issuers in the Sentinel API."`
	Token    tokenCommand    `cmd:"" help:"Add and list registration tokens of the Cloudillo API."`
	Webhook  webhookCommand  `cmd:"" help:"Add and list webhooks: where a site's events are sent."`
	Import   importCommand   `cmd:"" help:"Import records from a file, of ours or of another product."`
	Export   exportCommand   `cmd:"" help:"Export records, or everything about one person, to a file."`
	Backup   backupCommand   `cmd:"" help:"Write the whole installation into one file, while it is served."`
	Restore  restoreCommand  `cmd:"" help:"Make an installation of a backup, or check one."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// streams are what commands read and write.
type streams struct {
	In       *os.File
	Out, Err io.Writer
}

// dataFlags say where the data is.
type dataFlags struct {
	Data        string `env:"FACET_DATA" placeholder:"DIR" help:"Data folder (default ./facet-data)."`
	Database    string `env:"FACET_DATABASE" placeholder:"URL" help:"Database: sqlite:DIR or postgres://USER@HOST/NAME (default: SQLite in the data folder)."`
	Blobs       string `env:"FACET_BLOBS" placeholder:"WHERE" help:"Where the files of pictures are: a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=REGION&path_style=true, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (default: blobs in the data folder)."`
	DataKeyFile string `env:"FACET_DATA_KEY_FILE" placeholder:"FILE" help:"File of the data key (default: DIR.key beside the folder). FACET_DATA_KEY may hold the key itself."`
}

func (f dataFlags) config() config.Data {
	return config.Data{Dir: f.Data, Database: f.Database, KeyFile: f.DataKeyFile, Blobs: f.Blobs, Key: os.Getenv("FACET_DATA_KEY")}
}

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run gives the exit code: 0, 1 for what went wrong, 2 for a wrong command line.
func run(args []string, io streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	var line commandLine
	helped := false
	parser, err := kong.New(&line,
		kong.Name("facet"),
		kong.Description("A profile server that answers on several published profile APIs."),
		kong.Writers(io.Out, io.Err),
		kong.Exit(func(int) { helped = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		return complain(io, err, 2)
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return 0
	case err != nil:
		return complain(io, err, 2)
	}
	if err := command.Run(); err != nil {
		if usage := (usageError{}); errors.As(err, &usage) {
			return complain(io, err, 2)
		}
		return complain(io, err, 1)
	}
	return 0
}

// usageError is a flag whose value cannot be used.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// complain writes the one line of an error.
func complain(io streams, err error, code int) int {
	text := err.Error()
	var refused *profile.Error
	if errors.As(err, &refused) && refused.Kind != profile.Internal {
		text = refused.Message
		if refused.Field != "" {
			text = refused.Field + ": " + text
		}
	}
	fmt.Fprintf(io.Err, "facet: %s\n", strings.Join(strings.Fields(text), " "))
	return code
}
