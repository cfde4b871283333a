using 'main.bicep'

param environment = 'prod'
param trains = false
param registryId = readEnvironmentVariable('PERENNIAL_AZURE_REGISTRY_ID')
param addresses = {
  network: '10.80.8.0/22'
  endpoints: '10.80.8.0/24'
  flows: '10.80.9.0/24'
  apps: '10.80.10.0/24'
}
param replication = 'Standard_GZRS'
param zoneRedundancy = 'Enabled'
param minInstances = 2
param maxInstances = 6
param emails = split(readEnvironmentVariable('PERENNIAL_AZURE_EMAILS'), ',')
param monthlyBudget = 800
param budgetStart = readEnvironmentVariable('PERENNIAL_AZURE_BUDGET_START')
param tags = {
  application: 'perennial'
  'cost-center': readEnvironmentVariable('PERENNIAL_AZURE_COST_CENTER')
  owner: readEnvironmentVariable('PERENNIAL_AZURE_OWNER')
}
