package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"facet/internal/credential"
	"facet/internal/directory"
)

type appCommand struct {
	Add  appAdd  `cmd:"" help:"Add an app that keeps documents about people; its API key is printed this once."`
	List appList `cmd:"" help:"List a site's apps."`
}

type appAdd struct {
	siteFlags
	Name        string   `required:"" help:"What the app is called."`
	Domain      []string `placeholder:"HOST" help:"Where the app is found; may be repeated."`
	Description string   `help:"What the app is."`
	ID          int64    `name:"id" placeholder:"N" help:"Number of the app, 1 to 999 (default: the site's next, from 1000)."`
	JSON        bool     `name:"json" help:"Print JSON."`
}

// appLine is an app as printed with --json.
type appLine struct {
	ID          int64    `json:"id"`
	Key         string   `json:"key,omitempty"` // only right after creation
	Name        string   `json:"name"`
	Domains     []string `json:"domains"`
	Description string   `json:"description"`
}

// Run adds the app and prints its number and key.
func (c appAdd) Run(ctx context.Context, io streams) error {
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	key := credential.NewAlnum(32)
	app, err := site.AddApp(ctx, directory.NewApp{
		App: directory.App{ID: c.ID, Name: c.Name, Domains: c.Domain, Description: c.Description}, Key: key,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io, appLine{app.ID, key, app.Name, app.Domains, app.Description})
	}
	fmt.Fprintf(io.Out, "id     %d\nkey    %s\n", app.ID, key)
	return nil
}

type appList struct {
	siteFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the apps, also beside a running server.
func (c appList) Run(ctx context.Context, io streams) error {
	site, closing, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer closing()
	apps, err := site.Apps(ctx)
	if err != nil {
		return err
	}
	lines := []appLine{}
	rows := [][]string{{"ID", "NAME", "DOMAINS", "DESCRIPTION"}}
	for _, app := range apps {
		lines = append(lines, appLine{ID: app.ID, Name: app.Name, Domains: app.Domains, Description: app.Description})
		rows = append(rows, []string{strconv.FormatInt(app.ID, 10), app.Name, strings.Join(app.Domains, ","), app.Description})
	}
	return list(io, c.JSON, lines, rows)
}
