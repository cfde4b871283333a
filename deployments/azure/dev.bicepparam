using 'main.bicep'

param environment = 'dev'
param trains = true
param registryId = readEnvironmentVariable('PERENNIAL_AZURE_REGISTRY_ID')
param addresses = {
  network: '10.80.0.0/22'
  endpoints: '10.80.0.0/24'
  flows: '10.80.1.0/24'
  apps: '10.80.2.0/24'
}
param emails = split(readEnvironmentVariable('PERENNIAL_AZURE_EMAILS'), ',')
param monthlyBudget = 200
param budgetStart = readEnvironmentVariable('PERENNIAL_AZURE_BUDGET_START')
param tags = {
  application: 'perennial'
  'cost-center': readEnvironmentVariable('PERENNIAL_AZURE_COST_CENTER')
  owner: readEnvironmentVariable('PERENNIAL_AZURE_OWNER')
}
