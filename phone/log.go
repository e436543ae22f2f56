package phone

import "log/slog"

// LogValue masks the number.
func (a Alternate) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("number", a.Number), slog.String("how", a.How.String()), slog.String("rule", a.Rule))
}

// LogValue shows how many digits were typed.
func (p Partial) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("digits", len(p.Digits)), slog.Bool("plus", p.Plus))
}

// LogValue masks the number and leaves the text out.
func (e Explanation) LogValue() slog.Value {
	if e.Err != nil {
		return slog.GroupValue(slog.Int("steps", len(e.Steps)), slog.String("error", e.Err.Error()))
	}
	return slog.GroupValue(slog.Int("steps", len(e.Steps)), slog.Any("reading", e.Reading))
}

// LogValue masks the number.
func (s Step) LogValue() slog.Value {
	return slog.GroupValue(slog.String("how", s.How.String()), slog.Any("number", s.Number), slog.String("rule", s.Rule), slog.Bool("valid", s.Valid))
}
