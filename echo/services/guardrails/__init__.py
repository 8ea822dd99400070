"""Guardrails: rules of the administrators that look at questions and answers, and what they decided.

Without a rule nothing is looked at. Knows no model and no stream: `services/turns` asks it.
"""
