"""Classical and simple forecasts to compare with."""
