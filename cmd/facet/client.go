package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
)

type clientCommand struct {
	Add  clientAdd  `cmd:"" help:"Add an API client; its secret is printed this once."`
	List clientList `cmd:"" help:"List a site's API clients."`
}

type clientAdd struct {
	siteFlags
	Description string           `required:"" help:"What the client is."`
	Feature     []access.Feature `required:"" enum:"owner,access_issuer,direct_access,direct_read_access,login_client,metadata,image_create" help:"What the client may do; may be repeated: ${enum}."`
	Whitelist   []string         `placeholder:"CIDR" help:"Addresses that may call; may be repeated (default: all)."`
	JSON        bool             `name:"json" help:"Print JSON."`
}

// clientLine is an API client as printed with --json.
type clientLine struct {
	ID          string           `json:"id"`
	Secret      string           `json:"secret,omitempty"` // only right after creation
	Description string           `json:"description"`
	Features    []access.Feature `json:"features"`
	Whitelist   []string         `json:"whitelist"`
	Created     time.Time        `json:"created"`
}

func lineOf(c directory.Client) clientLine {
	return clientLine{c.ID, c.Secret, c.Description, c.Features, append([]string{}, c.Whitelist...), c.Created}
}

// Run adds the client and prints its id and secret.
func (c clientAdd) Run(ctx context.Context, io streams) error {
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	client, err := site.AddClient(ctx, directory.NewClient{Description: c.Description, Features: c.Feature, Whitelist: c.Whitelist})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io, lineOf(client))
	}
	fmt.Fprintf(io.Out, "id     %s\nsecret %s\n", client.ID, client.Secret)
	return nil
}

type clientList struct {
	siteFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the clients, also beside a running server.
func (c clientList) Run(ctx context.Context, io streams) error {
	site, closing, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer closing()
	clients, err := site.Clients(ctx)
	if err != nil {
		return err
	}
	lines := []clientLine{}
	rows := [][]string{{"ID", "FEATURES", "CREATED", "DESCRIPTION"}}
	for _, client := range clients {
		line := lineOf(client)
		lines = append(lines, line)
		features := make([]string, 0, len(line.Features))
		for _, f := range line.Features {
			features = append(features, string(f))
		}
		rows = append(rows, []string{line.ID, strings.Join(features, ","), line.Created.UTC().Format(time.RFC3339), line.Description})
	}
	return list(io, c.JSON, lines, rows)
}
