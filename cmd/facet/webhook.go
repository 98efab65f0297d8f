package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"facet/internal/directory"
)

type webhookCommand struct {
	Add  webhookAdd  `cmd:"" help:"Add a webhook; its secret is printed this once."`
	List webhookList `cmd:"" help:"List a site's webhooks, and how they are doing."`
}

type webhookAdd struct {
	siteFlags
	URL          string         `name:"url" required:"" help:"Address that events are sent to: https://…"`
	Kind         []string       `placeholder:"KIND" help:"Kind of event that is sent, such as user.created or user.*; may be repeated (default: all)."`
	Description  string         `help:"What the webhook is for."`
	WebhookAllow []netip.Prefix `env:"FACET_WEBHOOK_ALLOW" placeholder:"CIDR" help:"Addresses that are not public and that the server is allowed to send to; may be repeated."`
	JSON         bool           `name:"json" help:"Print JSON."`
}

// webhookLine is a webhook as printed with --json.
type webhookLine struct {
	ID          string    `json:"id"`
	URL         string    `json:"url"`
	Kinds       []string  `json:"kinds"` // none: all
	Description string    `json:"description"`
	Enabled     bool      `json:"enabled"`
	Reason      string    `json:"reason,omitempty"` // why it is not
	Waiting     int64     `json:"waiting"`          // events on their way
	Failed      int64     `json:"failed"`           // events that could not be sent
	Created     time.Time `json:"created"`
	Secret      string    `json:"secret,omitempty"` // only right after creation
}

func webhookLineOf(w directory.Webhook) webhookLine {
	return webhookLine{ID: w.ID.String(), URL: w.URL, Kinds: append([]string{}, w.Kinds...), Description: w.Description, Enabled: w.Enabled,
		Reason: string(w.Reason), Waiting: w.Waiting, Failed: w.Failed, Created: w.Created}
}

// Run adds the webhook and prints its id and secret.
func (c webhookAdd) Run(ctx context.Context, io streams) error {
	data := c.config()
	data.Webhooks.Allow = c.WebhookAllow
	in, err := data.Open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	site, closing, err := c.siteOf(ctx, in)
	if err != nil {
		return err
	}
	defer closing()
	hook, secret, err := site.AddWebhook(ctx, directory.NewWebhook{URL: c.URL, Kinds: c.Kind, Description: c.Description})
	if err != nil {
		return err
	}
	if c.JSON {
		line := webhookLineOf(hook)
		line.Secret = secret.String()
		return printJSON(io, line)
	}
	fmt.Fprintf(io.Out, "id     %s\nsecret %s\n", hook.ID, secret)
	return nil
}

type webhookList struct {
	siteFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the webhooks, also beside a running server.
func (c webhookList) Run(ctx context.Context, io streams) error {
	site, closing, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer closing()
	hooks, err := site.ListWebhooks(ctx)
	if err != nil {
		return err
	}
	lines := []webhookLine{}
	rows := [][]string{{"ID", "STATE", "WAITING", "FAILED", "KINDS", "URL"}}
	for _, hook := range hooks {
		line := webhookLineOf(hook)
		lines = append(lines, line)
		state, kinds := "enabled", "all"
		if !line.Enabled {
			state = line.Reason
		}
		if len(line.Kinds) > 0 {
			kinds = strings.Join(line.Kinds, ",")
		}
		rows = append(rows, []string{line.ID, state, fmt.Sprint(line.Waiting), fmt.Sprint(line.Failed), kinds, line.URL})
	}
	return list(io, c.JSON, lines, rows)
}
