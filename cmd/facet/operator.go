package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"facet/internal/directory"
)

type operatorCommand struct {
	Add operatorAdd `cmd:"" help:"Add a person who manages the organization that owns the site."`
}

type operatorAdd struct {
	siteFlags
	Username     string `required:"" help:"Name to sign in with."`
	Email        string `required:"" help:"E-mail address."`
	FullName     string `help:"Full name (default: the user name)."`
	PasswordFile string `placeholder:"FILE" help:"File whose first line is the password; without it the first line of standard input is."`
}

// Run adds the operator. A password is never a flag: those show in the list
// of processes.
func (c operatorAdd) Run(ctx context.Context, io streams) error {
	password, err := c.password(io)
	if err != nil {
		return err
	}
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	user, err := site.AddOperator(ctx, directory.NewOperator{
		Username: c.Username, Email: c.Email, FullName: c.FullName, Password: password,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "operator %s added to %s: %s\n", user.Slug, c.Site, user.ID)
	return nil
}

const maxPassword = 4096 // bytes read; far over what is allowed

func (c operatorAdd) password(std streams) (string, error) {
	from, name := std.In, "standard input"
	if c.PasswordFile != "" {
		f, err := os.Open(c.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("--password-file: %w", err)
		}
		defer f.Close()
		from, name = f, c.PasswordFile
	} else if info, err := from.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(std.Err, "Password (it is shown as you type): ")
	}
	line, err := firstLine(from)
	if err != nil {
		return "", fmt.Errorf("the password could not be read from %s: %w", name, err)
	}
	if line == "" {
		return "", errors.New("a password is needed: the first line of " + name + " is empty")
	}
	return line, nil
}

// firstLine reads up to the first line's end; what follows may stay open.
func firstLine(r io.Reader) (string, error) {
	var b strings.Builder
	var one [1]byte
	for b.Len() < maxPassword {
		n, err := r.Read(one[:])
		if n == 1 && one[0] == '\n' {
			break
		}
		b.Write(one[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(b.String(), "\r"), nil
}
