package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"facet/internal/directory"
)

type tokenCommand struct {
	Add  tokenAdd  `cmd:"" help:"Add a token to register with on the Cloudillo API; it is printed this once."`
	List tokenList `cmd:"" help:"List a site's registration tokens."`
}

type tokenAdd struct {
	siteFlags
	Uses int64 `default:"1" placeholder:"N" help:"How many may register with it; 0: any number (default ${default})."`
	Days int   `default:"14" placeholder:"N" help:"How long it lives; 0: it does not end (default ${default})."`
	JSON bool  `name:"json" help:"Print JSON."`
}

// maxDays is the most days that a token may live and end: a hundred years.
const maxDays = 36500

// tokenLine is a registration token as printed with --json.
type tokenLine struct {
	ID      string     `json:"id"`
	Token   string     `json:"token,omitempty"` // only right after creation
	Uses    *int64     `json:"uses"`            // left; null: any number
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"` // null: it does not end
}

func tokenLineOf(t directory.RegistrationToken) tokenLine {
	line := tokenLine{ID: t.ID, Token: t.Token, Created: t.Created}
	if t.Uses >= 0 {
		line.Uses = &t.Uses
	}
	if !t.Expires.IsZero() {
		line.Expires = &t.Expires
	}
	return line
}

// Run adds the token and prints it.
func (c tokenAdd) Run(ctx context.Context, io streams) error {
	switch {
	case c.Uses < 0:
		return usageError{errors.New("--uses must be 0 or more")}
	case c.Days < 0 || c.Days > maxDays:
		return usageError{fmt.Errorf("--days must be 0 to %d", maxDays)}
	case c.Uses == 0:
		c.Uses = -1
	}
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	token, err := site.AddRegistrationToken(ctx, directory.NewRegistrationToken{Uses: c.Uses, Life: time.Duration(c.Days) * 24 * time.Hour})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io, tokenLineOf(token))
	}
	fmt.Fprintf(io.Out, "id     %s\ntoken  %s\n", token.ID, token.Token)
	return nil
}

type tokenList struct {
	siteFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the tokens, also beside a running server, and those that are used
// up or over too.
func (c tokenList) Run(ctx context.Context, io streams) error {
	site, closing, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer closing()
	tokens, err := site.RegistrationTokens(ctx)
	if err != nil {
		return err
	}
	lines := []tokenLine{}
	rows := [][]string{{"ID", "USES", "CREATED", "EXPIRES"}}
	for _, token := range tokens {
		line := tokenLineOf(token)
		lines = append(lines, line)
		uses, expires := "any", "never"
		if line.Uses != nil {
			uses = strconv.FormatInt(*line.Uses, 10)
		}
		if line.Expires != nil {
			expires = line.Expires.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{line.ID, uses, line.Created.UTC().Format(time.RFC3339), expires})
	}
	return list(io, c.JSON, lines, rows)
}
