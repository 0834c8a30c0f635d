"""Money that comes without a provider: bank transfers, cheques, cash, entered by staff."""
